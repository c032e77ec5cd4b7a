"""What texts go through before they are compared: named, versioned normalizers, and what each rule contributes."""
