#!/usr/bin/env bash
# Install the native part of @tensorflow/tfjs-node. The script first tries the package's download of
# TensorFlow's C library. If the download fails, it builds against the library in the TensorFlow wheel
# (Linux; needs a C++ compiler and Node's headers, Debian's g++ and libnode-dev).
# usage: build_tfjs_node.sh PYTHON
set -euo pipefail
python=$(realpath -s "$1")
cd "$(dirname "$0")/../../node_modules/@tensorflow/tfjs-node"

node scripts/install.js >install.log 2>&1 && [ -f lib/napi-v8/tfjs_binding.node ] && exit

wheel=$("$python" -c 'import importlib.util as u; print(u.find_spec("tensorflow").submodule_search_locations[0])')
rm -rf deps && mkdir -p deps/lib
ln -s "$wheel/include" deps/include
ln -s "$wheel/libtensorflow_cc.so.2" deps/lib/libtensorflow.so
ln -s "$wheel/libtensorflow_cc.so.2" deps/lib/
ln -s "$wheel/libtensorflow_framework.so.2" deps/lib/libtensorflow_framework.so
ln -s "$wheel/libtensorflow_framework.so.2" deps/lib/
# Use Node's installed headers; without them, node-gyp downloads the headers.
prefix=$(node -p 'path.dirname(path.dirname(process.execPath))')
headers=()
if [ -f "$prefix/include/node/node_api.h" ]; then headers=("--nodedir=$prefix"); fi
if ! ../../.bin/node-gyp rebuild "${headers[@]}" --module_name=tfjs_binding \
  --module_path="$PWD/lib/napi-v8" --napi_build_version=8 >build.log 2>&1; then
  cat install.log build.log
  exit 1
fi
