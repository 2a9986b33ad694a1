// The runner of `mqtt pub`.

import Commands

enum PublishCommand {
  static func run(_ options: PublishOptions) -> Int32 { ExitStatus.failure }
}
