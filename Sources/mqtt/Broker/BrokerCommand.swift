// The runner of `mqtt broker`.

import Commands

enum BrokerCommand {
  static func run(_ options: BrokerOptions) -> Int32 { ExitStatus.failure }
}
