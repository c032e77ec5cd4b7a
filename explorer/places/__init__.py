"""Where manifests and sounds lie: paths, remote objects, members of tar files, and whether they may be read."""
