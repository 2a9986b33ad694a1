// The files that are made from the tables of options: they are what the tables make, and the
// programs that read them take them.

import Commands
import Foundation
import LiveSupport
import Testing

@Suite struct GeneratedFileTests {
  @Test func `every committed file is what 'mqtt generate .' makes`() throws {
    for file in GeneratedFile.all() {
      let committed = try String(
        contentsOfFile: checkoutFolder + "/" + file.path, encoding: .utf8)
      #expect(committed == file.contents, "\(file.path)")
    }
  }

  /// The manual pages of the repository, those that are written by hand among them.
  static let pages =
    ((try? FileManager.default.contentsOfDirectory(atPath: checkoutFolder + "/man")) ?? []).sorted()

  @Test func `every committed completion and page of sections 1 and 5 is made`() throws {
    let made = Set(GeneratedFile.all().map(\.path))
    #expect(Self.pages.count > 8)
    for name in Self.pages where !name.hasSuffix(".7") { #expect(made.contains("man/\(name)")) }
    let path = checkoutFolder + "/completions"
    for name in try FileManager.default.contentsOfDirectory(atPath: path) {
      #expect(made.contains("completions/\(name)"))
    }
  }

  @Test(arguments: pages) func `every page of the manual refers to all others`(page: String) throws
  {
    let text = try String(contentsOfFile: checkoutFolder + "/man/" + page, encoding: .utf8)
    let list = try #require(text.split(separator: ".Sh SEE ALSO\n").last)
    let referred = list.matches(of: /\.Xr (\S+) ([1-8])/).map { "\($0.output.1).\($0.output.2)" }
    #expect(referred.sorted() == Self.pages.filter { $0 != page })
  }

  @Test(arguments: pages) func `mandoc finds nothing wrong with a page`(page: String) throws {
    let lint = try runInCheckout(["mandoc", "-T", "lint", "man/" + page])
    // Whether the pages that are referred to are installed says nothing about this one.
    let complaints = lint.output.split(separator: "\n").filter {
      !$0.contains("referenced manual not found: Xr mqtt")
    }
    #expect(complaints == [])
  }

  /// What is typed, and words that must be offered.
  static let typed: [(words: [String], offered: [String])] = [
    (["pub", "--ret"], ["--retain", "--retain-column"]), (["pub", "-q", ""], ["0", "1", "2"]),
    (["sub", "--qos", ""], ["0", "1", "2"]), (["sub", "-V", "mqttv3"], ["mqttv311", "mqttv31"]),
    (["pub", "-D", ""], ["connect", "publish", "will", "disconnect"]),
    (["pub", "-D", "publish", "c"], ["content-type", "correlation-data"]),
    (["sub", "-D", "subscribe", ""], ["subscription-identifier", "user-property"]),
    (["pub", "--cafile", "Package.s"], ["Package.swift"]),
    (["broker", "--retain-available", ""], ["true", "false"]),
    (["bro"], ["broker"]), (["broker", "pass"], ["passwd"]),
    (["broker", "passwd", "--ba"], ["--batch"]),
    (["broker", "passwd", "Package.s"], ["Package.swift"]),
    (["acl-check", "su"], ["subscribe", "suggest"]),
    (["acl-check", "test", "Package.s"], ["Package.swift"]),
    (["inspect-pcap", "Package.s"], ["Package.swift"]),
    (["pub", "--replay", "Package.s"], ["Package.swift"]),
    (["pub", "--wait"], ["--wait-reply"]), (["sub", "--rec"], ["--record"]),
    (["sub", "--retain-handling", "n"], ["new", "never"]),
    (["acl"], ["acl-check"]), (["acl-check", "--ex"], ["--explain"]),
    (["acl-check", "--acl", "Package.s"], ["Package.swift"]),
    (["bench", "fan"], ["fanout", "fanin"]), (["bench", "cr"], ["crash"]),
    (["bench", "--scenario", "p"], ["pubsub", "pairs", "pub"]),
    (["bench", "pairs", "--scenario", "con"], ["conn"]),
    (["bench", "--json", "Package.s"], ["Package.swift"]),
    (["bench", "compare", "Package.s"], ["Package.swift"]),
    (["bench", "pub", "--ret"], ["--retain"]),
  ]

  @Test(arguments: typed) func `bash completes options and values`(
    words: [String], offered: [String]
  ) throws {
    let script = """
      source completions/mqtt.bash
      COMP_WORDS=("$@")
      COMP_CWORD=$(($# - 1))
      _mqtt
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    let result = try runInCheckout(["bash", "-c", script, "bash", "mqtt"] + words)
    #expect(result.errors == "")
    #expect(Set(result.output.split(separator: "\n").map(String.init)) == Set(offered))
  }

  @Test(arguments: typed) func `fish completes options and values`(
    words: [String], offered: [String]
  ) throws {
    let line = (["mqtt"] + words).joined(separator: " ")
    let script = "source completions/mqtt.fish; complete -C '\(line)'"
    let result = try runInCheckout(["fish", "--no-config", "-c", script])
    let lines = result.output.split(separator: "\n").map { $0.prefix { $0 != "\t" } }
    #expect(Set(lines.map(String.init)) == Set(offered))
  }

  @Test(arguments: typed) func `zsh completes options and values`(
    words: [String], offered: [String]
  ) throws {
    let line = (["mqtt"] + words).joined(separator: " ")
    let result = try runInCheckout(["zsh", "-f", "-c", Self.zshHarness, "zsh", line])
    let hits = result.output.split(whereSeparator: \.isNewline).compactMap {
      $0.firstRange(of: "HIT:").map { [line = $0] range in String(line[range.upperBound...]) }
    }
    // The terminal may echo the function that prints the hits.
    #expect(Set(hits.filter { !$0.contains("${^found}") }) == Set(offered))
  }

  /// zsh completes only on a terminal, so one zsh types into another and collects what that one
  /// would offer.
  private static let zshHarness = """
    zmodload zsh/zpty
    zpty inner zsh -f -i
    zpty -w inner 'PROMPT='
    zpty -w inner 'autoload -U compinit && compinit -D -u'
    zpty -w inner 'source completions/mqtt.zsh'
    zpty -w inner 'bindkey "^I" complete-word; compprefuncs=(); comppostfuncs=(exit)'
    zpty -w inner 'zle -C complete-word complete-word _main_complete'
    zpty -w inner 'compadd() {
      if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
      local -a found
      builtin compadd -A found "$@"
      [[ -n $found ]] && print -l -- "HIT:"${^found}
      builtin compadd "$@"
    }'
    zpty -w inner 'print REA''DY'
    zpty -r -m inner discarded '*READY*'
    zpty -w -n inner "$1"$'\\t'
    while zpty -r inner text; do print -r -- "$text"; done
    """
}
