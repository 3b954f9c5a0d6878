#!/bin/sh
# Inès opens the branch "training" from main: tickets of tills in training mode are not sales.
set -e
cd ~/collecte
if ! git diff --quiet HEAD; then
    echo 'Inès: your folder holds changes not committed yet; commit or restore them, then run me again.'
    exit 1
fi
export GIT_AUTHOR_NAME='Inès Benali' GIT_AUTHOR_EMAIL=ines@collecte.example
export GIT_COMMITTER_NAME='Inès Benali' GIT_COMMITTER_EMAIL=ines@collecte.example
here=$(git branch --show-current)
git switch -q -c training main
sed -i "/tail -n +2/s/\$/ | grep -v ';TEST-'/" pipeline.sh
git commit -q -am 'Drop tickets of tills in training mode'
git switch -q "$here"
echo 'Inès: branch "training" starts from main and holds one commit.'
