// What the kernel is asked to report of a link.
//
// A plain link is watched for changes (edge-triggered): a short read tells that the kernel has no
// more. For writing it is watched from the first time that it was blocked, once and for all: watched
// from the start, every new connection would be reported as writable, in a turn that has nothing to
// do. A protected link's reads happen inside OpenSSL, where nobody sees whether they were short, so
// it is watched for what is there (level-triggered), and for writing only while it is blocked; one
// more system call for a blocked link saves one for every read of all others. Only a part of its
// first record, which stays unread, must not be reported again and again.

import CLinux

/// What the kernel was asked to report.
enum Watch: UInt8 {
  /// Nothing: the link is not in the epoll set.
  case nothing
  /// Each time that something comes.
  case arrivals
  /// Each time that something comes, or that there is room to write again.
  case arrivalsAndRoom
  /// As long as there is something to read, room to write, one of the two, or a failure.
  case input
  case room
  case inputOrRoom
  case failure

  /// The same in the kernel's words.
  var mask: UInt32 {
    let arrivals = linux_readable | linux_peer_finished | linux_edge_triggered
    return switch self {
    case .nothing, .failure: 0
    case .arrivals: arrivals
    case .arrivalsAndRoom: arrivals | linux_writable
    case .input: linux_readable | linux_peer_finished
    case .room: linux_writable
    case .inputOrRoom: linux_readable | linux_peer_finished | linux_writable
    }
  }
}

extension Link {
  /// What the kernel should report of the link as it stands now.
  var wantedWatch: Watch {
    let wantsRoom = marks.contains(.blocked)
    switch stage {
    // That it is writable is how the kernel says that it is connected.
    case .connecting: return .arrivalsAndRoom
    case .climbing(let climb):
      switch climb.step {
      case .proxyHeader, .greeting(_, isBegun: false): return .input
      case .handshake(let wantsRoom): return wantsRoom ? .inputOrRoom : .input
      case .outset, .greeting(_, isBegun: true), .socks, .webSocket: break
      }
    case .silent, .open, .unwritable, .closing, .lingering: break
    }
    guard stage.layers?.isProtected == true else {
      return wantsRoom || watch == .arrivalsAndRoom ? .arrivalsAndRoom : .arrivals
    }
    if stage.wantsInput && !marks.contains(.paused) { return wantsRoom ? .inputOrRoom : .input }
    return wantsRoom ? .room : .failure
  }
}
