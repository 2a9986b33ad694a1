// The options of `mqtt broker` that say what is kept on disk.

extension BrokerDraft {
  static let storeOptions: [Option<BrokerDraft>] = [
    .value(
      "data", "DIR", .directory, example: "/var/lib/mqtt",
      default: "~/.local/state/mqtt/broker-PORT",
      "keep sessions, their messages and retained messages in DIR",
      manual: """
        PORT is that of the first listener. $XDG_STATE_HOME takes the place of ~/.local/state when \
        it is set. One broker at a time can have a directory.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.options.store.directory = try Values.name(text, "a path")
      draft.storeDetail = "--data"
    },
    .flag(
      "memory", "keep everything in memory and nothing on disk",
      manual: "What clients were promised is then lost when the broker ends, however it ends."
    ) { $0.keepsNothing = true },
    .value(
      "sync", "WHEN", .choices(["full", "normal", "off"]), example: "normal", default: "full",
      "acknowledge when the disk has it, or sooner: full, normal, off",
      manual: """
        With full nothing that was acknowledged is lost, not even by a power cut. With normal and \
        off a broker that crashes or is killed loses nothing, but a power cut or a crash of the \
        system loses what was acknowledged in the last seconds: with normal since the last \
        checkpoint, and the store stays whole; with off what the system had not written yet, and \
        the store may be damaged.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.options.store.synchronous = try Values.choice(
        text, ["full": .full, "normal": .normal, "off": .off])
      draft.storeDetail = "--sync"
    },
    .flag(
      "strict-store", "do not start with a store that is damaged",
      manual: """
        Otherwise what is readable is kept, the damaged file is set aside, and the log tells how \
        much was lost.
        """
    ) {
      $0.options.store.isStrict = true
      $0.storeDetail = "--strict-store"
    },
  ]
}
