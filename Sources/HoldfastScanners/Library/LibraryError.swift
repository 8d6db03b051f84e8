/// What can be wrong with one entry of a library, without ending the scan: the error types of the library scanner's table.
enum LibraryError: String, Sendable, CaseIterable {
  /// It is reached only by leaving the root: by `..`, or because it was moved or swapped for a link while it was scanned.
  case pathTraversal = "path_traversal"
  case invalidExtension = "invalid_extension"
  case oversized
  case symlinkExternal = "symlink_external"
  case permissionDenied = "permission_denied"
  /// It was listed, and gone when it was looked at; or the file system that was mounted there is not.
  case fileNotFound = "file_not_found"
}
