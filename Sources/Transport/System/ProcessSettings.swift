// What a process that serves many connections sets once, before it starts threads.

import CLinux
import Glibc

/// Settings of the whole process.
package enum ProcessSettings {
  /// Raises the number of descriptors that may be open to what the system allows; the limit that
  /// holds now, zero when it is unknown.
  @discardableResult package static func raiseDescriptorLimit() -> Int {
    Int(clamping: linux_raise_descriptor_limit())
  }

  /// A write to a connection whose peer is gone becomes an error instead of a signal.
  ///
  /// Plain sockets ask for that call by call; OpenSSL does not.
  package static func ignoreBrokenPipes() { linux_ignore_broken_pipes() }

  /// Lets threads share one heap and gives freed memory back early, for a small resident size.
  package static func keepHeapSmall() { linux_keep_heap_small() }

  /// Processor cores that this process may use; at least one.
  package static var coreCount: Int { max(1, Int(linux_usable_cores())) }

  /// Has the sleeps of the calling thread end as exactly as the system can.
  package static func sharpenTimers() { linux_sharpen_timers() }

  /// Processor time that the calling thread has used, in nanoseconds.
  package static var threadNanoseconds: Int64 { linux_thread_nanoseconds() }
}
