// Rows of CSV as RFC 4180 writes them.

import MQTTClient
import Testing

@Suite struct CSVRowTests {
  private func columns(_ lines: String..., separator: String = ",") throws -> [String]? {
    var row = CSVRow(separator: Array(separator.utf8)[0])
    for line in lines where try row.read(Array(line.utf8)) == .complete {
      return row.columns.map { String(decoding: $0, as: UTF8.self) }
    }
    return nil
  }

  @Test func `columns stand between separators`() throws {
    #expect(try columns("a,b,,c") == ["a", "b", "", "c"])
    #expect(try columns("") == [""])
    #expect(try columns("a;b\r", separator: ";") == ["a", "b"])
  }

  @Test func `quotes hold separators, quotes and line ends`() throws {
    #expect(try columns(#""a,b","say ""hi""",c"#) == ["a,b", #"say "hi""#, "c"])
    #expect(try columns(#""two"#, #"lines",x"#) == ["two\nlines", "x"])
    #expect(try columns(#"5" disk,x"#) == [#"5" disk"#, "x"])
    #expect(try columns(#""open"#) == nil)
  }

  @Test func `what follows the quotes of a column is an error with its place`() {
    var row = CSVRow(separator: UInt8(ascii: ","))
    #expect(
      throws: CSVRow.Fault(
        offset: 3, explanation: "expected the end of the column after its quotes")
    ) { try row.read(Array(#""a"b"#.utf8)) }
  }

  @Test(arguments: [
    ("a,b;c,d", ","), ("a;b;c", ";"), ("a\tb", "\t"), (#""x;y;z",b"#, ","), ("alone", ","),
  ]) func `the separator is found in the first line`(_ line: String, _ separator: String) {
    #expect(CSVRow.separator(of: Array(line.utf8)) == Array(separator.utf8)[0])
  }
}
