#!/bin/sh
# Inès opens the branch "nice" from main: one more store.
set -e
cd ~/collecte
if ! git diff --quiet HEAD; then
    echo 'Inès: your folder holds changes not committed yet; commit or restore them, then run me again.'
    exit 1
fi
export GIT_AUTHOR_NAME='Inès Benali' GIT_AUTHOR_EMAIL=ines@collecte.example
export GIT_COMMITTER_NAME='Inès Benali' GIT_COMMITTER_EMAIL=ines@collecte.example
here=$(git branch --show-current)
git switch -q -c nice main
echo nice-1 >> stores.txt
git commit -q -am 'Add the Nice store'
git switch -q "$here"
echo 'Inès: branch "nice" starts from main and holds one commit.'
