#!/bin/sh
# Encodes chirp.wav (4.3 s, 8 kHz mono, made here) with FFmpeg 5.1: the fixtures of test/audio/decode.test.ts.
set -e
ffmpeg -loglevel error -y -f lavfi -i "aevalsrc=0.4*sin(2*PI*(200*t+150*t*t))+0.1*sin(2*PI*1500*t):s=8000:d=4.3" \
  -bitexact -c:a pcm_s16le chirp.wav
for target in "chirp.flac" "chirp.oga -c:a flac" "chirp.ogg -c:a libvorbis -q:a 4" \
  "chirp.opus -c:a libopus -b:a 32k" "chirp.mp3 -c:a libmp3lame -b:a 32k" "chirp.m4a -c:a aac -b:a 32k"; do
  set -- $target
  file=$1
  shift
  ffmpeg -loglevel error -y -i chirp.wav -bitexact "$@" "$file"
done
