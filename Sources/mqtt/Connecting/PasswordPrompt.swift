// Asking for a password on the terminal itself, so that standard input stays free for messages. The
// terminal does not show what is typed meanwhile; whatever ends or stops the program then, such as
// Ctrl-C or Ctrl-Z, finds the terminal as it was before.

import Commands
import Glibc
import Transport

enum PasswordPrompt {
  private enum Answer {
    case line([UInt8])
    case signal(Int32)
  }

  /// What is typed after `prompt` and a colon, up to the end of the line or of the input.
  static func answer(_ prompt: String) throws(StartFailure) -> [UInt8] {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
    if terminal < 0 {
      throw StartFailure(
        description: "there is no terminal to ask for the password on; "
          + "use a file or the environment")
    }
    defer { close(terminal) }
    while true {
      switch try ask(prompt, terminal) {
      case .line(let line): return line
      // Who was only stopped asks again.
      case .signal(let number): raise(number)
      }
    }
  }

  private static func ask(_ prompt: String, _ terminal: Int32) throws(StartFailure) -> Answer {
    var settings = termios()
    guard tcgetattr(terminal, &settings) == 0 else {
      throw StartFailure(description: "the terminal cannot be asked for the password")
    }
    let signals: Signals
    do throws(SystemError) {
      signals = try Signals([SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP])
    } catch {
      throw StartFailure(description: "\(error)")
    }
    var silent = settings
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(terminal, TCSAFLUSH, &silent)
    Terminal.write("\(prompt): ", to: terminal)
    let answer = wait(terminal, signals)
    tcsetattr(terminal, TCSAFLUSH, &settings)
    Terminal.write("\n", to: terminal)
    signals.release()
    return answer
  }

  private static func wait(_ terminal: Int32, _ signals: borrowing Signals) -> Answer {
    var line: [UInt8] = []
    while true {
      var sources = [terminal, signals.descriptor].map {
        pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
      }
      guard poll(&sources, 2, -1) > 0 else { continue }
      if let number = signals.next() { return .signal(number) }
      var byte: UInt8 = 0
      if read(terminal, &byte, 1) != 1 || byte == UInt8(ascii: "\n") { return .line(line) }
      line.append(byte)
    }
  }
}
