// Calls on connected sockets, with the names of what they mean here.

import CLinux
import Glibc

func closeDescriptor(_ number: Int32) { _ = linux_close(number) }

/// What a read or a write on a non-blocking socket came to.
enum Transfer {
  case bytes(Int)
  case wouldBlock
  case failed(Int32)
}

@inline(__always) func receiveBytes(
  _ descriptor: Int32, _ room: UnsafeMutableRawPointer, _ count: Int
) -> Transfer {
  let result = retryingInterrupted { linux_receive(descriptor, room, count) }
  if result >= 0 { return .bytes(result) }
  return errno == EAGAIN ? .wouldBlock : .failed(errno)
}

@inline(__always) func sendBytes(
  _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer
) -> Transfer {
  let result = retryingInterrupted { linux_send(descriptor, bytes.baseAddress, bytes.count) }
  if result >= 0 { return .bytes(result) }
  return errno == EAGAIN ? .wouldBlock : .failed(errno)
}
