{
  "targets": [
    {
      "target_name": "kess",
      "sources": ["kess.c"],
      "defines": ["NAPI_VERSION=8"],
      "cflags": [
        "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wno-unused-parameter",
        "-fvisibility=hidden", "<!@(pkg-config --cflags kess)"
      ],
      "ldflags": ["-Wl,-rpath,<!(pkg-config --variable=libdir kess)"],
      "libraries": ["<!@(pkg-config --libs kess)"]
    }
  ]
}
