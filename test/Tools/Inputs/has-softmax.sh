#!/bin/sh
# The "fault" that attune-reduce keeps: status 1 where the file has a softmax.
if grep -q attune.softmax "$1"; then exit 1; fi
exit 0
