// Threads with a name and a small stack. No task, actor or queue stands between the kernel's
// threads and the reactors.

import CLinux
import Glibc

/// A running thread of the kernel.
package struct SystemThread: ~Copyable {
  private let identifier: pthread_t

  /// Starts a thread that runs `body` once.
  ///
  /// `name` is cut to the fifteen bytes that the kernel shows; `stackBytes` are reserved and only
  /// used when touched. Throws what `pthread_create` answers.
  package init(
    name: String, stackBytes: Int = 512 << 10, _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackBytes)
    let start = Unmanaged.passRetained(ThreadStart(name: String(name.prefix(15)), body: body))
    var identifier = pthread_t()
    let code = pthread_create(
      &identifier, &attributes,
      { argument in
        if let argument {
          let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
          linux_name_thread(start.name)
          start.body()
        }
        return nil
      }, start.toOpaque())
    if code != 0 {
      start.release()
      throw SystemError(code: code, call: "pthread_create", subject: name)
    }
    self.identifier = identifier
  }

  /// Waits until the thread has ended.
  package consuming func join() { pthread_join(identifier, nil) }

  /// Lets the thread run on its own.
  package consuming func detach() { pthread_detach(identifier) }
}

private final class ThreadStart: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}
