// What stands in the databases of one test of a sidecar.

import Foundation
import LiveSupport
import Testing

extension TestFolder {
  /// What `sqlite3` answers, once it does.
  func ask(_ file: String, _ statement: String) throws -> String {
    let result = try run(["sqlite3", "-cmd", ".timeout 20000", path(file), statement])
    guard result.status == 0 else { throw ProgramError("sqlite3: \(result.errors)") }
    return result.output.trimmingCharacters(in: .newlines)
  }

  /// Waits until `sqlite3` answers that.
  func expect(_ file: String, _ statement: String, _ answer: String) throws {
    var last = ""
    let isTrue = poll(30) {
      last = (try? ask(file, statement)) ?? ""
      return last == answer
    }
    #expect(isTrue, "\(statement) gave \(last)")
  }
}
