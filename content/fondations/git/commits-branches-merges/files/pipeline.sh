#!/bin/sh
# Turnover of one day, store by store, in cents.
set -eu

input=${1:-data/sales-2026-02-27.csv}

# The tills' export, without its header line.
sales() {
    tail -n +2 "$input"
}

for store in $(cat stores.txt); do
    sum=0
    for cents in $(sales | grep ";$store;" | cut -d ';' -f 4); do
        sum=$((sum + cents))
    done
    echo "$store;$sum"
done
