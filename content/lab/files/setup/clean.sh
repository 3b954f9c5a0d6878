#!/bin/sh
# Drops readings without a value, and copies of the same reading.
tail -n +2 data/readings-2026-02-27.csv | grep -v ';$' | sort -u
