// What a store is told when it is opened.

package import MQTTBroker

/// Where a store is, and how careful it is.
package struct StoreSettings: Equatable, Sendable {
  /// The data directory; made with mode 0700 if it is missing, parents included.
  package var directory: String
  package var synchronization: SynchronizationMode
  /// Whether a damaged file is an error, and left as it is.
  package var isStrict: Bool
  /// The name of the SQLite file system that is used, nil for the kernel's files.
  package var fileSystem: String?
  /// Size of the write-ahead log at which its pages begin to be copied into the main file.
  ///
  /// That happens in the background; the log grows to a few times of that.
  package var checkpointBytes: Int
  /// False where the file system has no locks; that is found out by itself.
  ///
  /// The log is then copied between commits, because only one connection can be open.
  package var usesFileLocks = true

  /// The file in which mosquitto has kept what lasts; what is in it becomes the store when there is
  /// none yet.
  package var mosquittoFile: String?
  /// The names of this broker's listeners by the ports that mosquitto knows them by.
  package var listenerNames: [UInt16: String] = [:]

  /// Joins the parts.
  package init(
    directory: String, synchronization: SynchronizationMode = .full, isStrict: Bool = false,
    fileSystem: String? = nil, checkpointBytes: Int = 4 << 20
  ) {
    self.directory = directory
    self.synchronization = synchronization
    self.isStrict = isStrict
    self.fileSystem = fileSystem
    self.checkpointBytes = checkpointBytes
  }

  /// The main file's name; another one for a file that is to take its place.
  var name = Self.fileName
  /// The main file.
  package var file: String { directory + "/" + name }

  /// The file system of SQLite that lets connections of this process share the file, and keeps
  /// other processes out.
  var sharingFileSystem: String { fileSystem ?? (usesFileLocks ? "unix-excl" : "unix-none") }

  /// The main file's name within the directory.
  package static let fileName = "broker.sqlite"
}
