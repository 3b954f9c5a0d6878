# Builds the sandbox's past: five commits on main, two branches that have diverged, a tag.
set -e
cp setup/README.md setup/LISEZMOI.md setup/clean.sh setup/limits.conf .

as() { # name, address, day of February 2026, hour: who commits, and when
    export GIT_AUTHOR_NAME="$1" GIT_AUTHOR_EMAIL="$2" GIT_AUTHOR_DATE="2026-02-$3T$4:00+01:00"
    export GIT_COMMITTER_NAME="$1" GIT_COMMITTER_EMAIL="$2" GIT_COMMITTER_DATE="2026-02-$3T$4:00+01:00"
}
camille() { as 'Camille Roy' camille@capteurs.example "$@"; }
ines() { as 'Inès Benali' ines@capteurs.example "$@"; }

git init -q
printf 'data/\n*.tmp\n' > .gitignore
camille 23 09:10
git add .gitignore README.md LISEZMOI.md
git commit -q -m 'Start the project'
camille 23 10:42
git add clean.sh
git commit -q -m 'Clean the readings of a sensor line'
ines 24 14:05
git add limits.conf
git commit -q -m 'Set the limits of each sensor'
git tag -a v0.1 -m 'First readings cleaned on the line'

ines 25 09:30
git switch -q -c alerts
sed -i 's/^temperature_max=.*/temperature_max=82/' limits.conf
git commit -q -am 'Alert from 82 degrees'
ines 25 11:15
echo 'alert_after_minutes=5' >> limits.conf
git commit -q -am 'Alert after five minutes above a limit'

camille 25 16:20
git switch -q -c report main
printf '#!/bin/sh\n# Readings kept, per sensor.\nsh clean.sh | cut -d ";" -f 2 | sort | uniq -c\n' > report.sh
git add report.sh
git commit -q -m 'Count the readings kept, per sensor'

camille 26 08:50
git switch -q main
sed -i 's/^temperature_max=.*/temperature_max=78/' limits.conf
git commit -q -am 'Lower the temperature limit to 78 degrees'
camille 27 17:30
echo 'Run: sh clean.sh' >> README.md
echo 'Lancer : sh clean.sh' >> LISEZMOI.md
git commit -q -am 'Say how to run it'

mkdir data
cp setup/readings.csv data/readings-2026-02-27.csv
