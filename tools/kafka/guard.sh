#!/bin/sh
# Ends a test cluster when its owner is gone, however that ended: a Ctrl-C, a crash and a SIGKILL all close the pipe that is
# read here. Each line is the pid of a broker; `$1` is the cluster's directory, which those brokers have on their command line.
directory=$1
brokers=
while read -r pid; do brokers="$brokers $pid"; done
for pid in $brokers; do
  case $(ps -o args= -p "$pid") in *"$directory/"*) kill -KILL "$pid" ;; esac
done
# A broker that is being killed may still write.
for pid in $brokers; do
  while case $(ps -o args= -p "$pid") in *"$directory/"*) true ;; *) false ;; esac; do sleep 0.05; done
done
rm -rf "$directory"
