// The runner of `mqtt inspect-pcap`: files in, what was asked for out.

import Capture
import Commands
import Glibc
import MQTTCodec
import Transport

enum InspectCommand {
  static func run(_ options: InspectOptions) -> Int32 {
    // Fields alone are what large captures are asked for: no watch, no detour.
    if case .fields(let fields) = options.output, options.pageFile == nil,
      options.messageFile == nil
    {
      var lines = FieldLines(options, fields, InspectOutput())
      let problems = read(options, into: &lines) { (lines: inout FieldLines, _) in
        lines.endCapture()
        return nil
      }
      lines.finish()
      return end(problems)
    }
    do throws(SystemError) {
      var inspection = Inspection(options.selection, try tellers(options))
      let problems = read(options, into: &inspection) { (whole: inout Inspection, path) in
        whole.endCapture().map { "\(path): \($0)" }
      }
      inspection.finish()
      let status = end(problems)
      // What could not be looked at was not found to be right.
      let isDoubtful = inspection.hasErrors || inspection.isHidden
      if case .findings = options.output, isDoubtful { return ExitStatus.failure }
      return status
    } catch {
      return end(["\(error)"])
    }
  }

  private static func tellers(
    _ options: InspectOptions
  ) throws(SystemError) -> [any PacketTeller] {
    var tellers: [any PacketTeller] = []
    switch options.output {
    case .lines: tellers.append(PacketLines(options))
    case .objects: tellers.append(PacketObjects(options))
    case .fields(let fields): tellers.append(FieldTeller(options, fields))
    case .findings(let isJSON): tellers.append(FindingLines(options, isJSON: isJSON))
    case .statistics(let isJSON): tellers.append(StatisticsReport(isJSON: isJSON))
    case .conversation(let client): tellers.append(Conversation(options, client))
    case .ladder: tellers.append(LadderDrawing(options))
    case .none: break
    }
    if let path = options.pageFile { tellers.append(try LadderPage(options, path)) }
    if let path = options.messageFile { tellers.append(try MessageExport(path)) }
    return tellers
  }

  /// Tells of problems, behind all that was found out; the exit status.
  private static func end(_ problems: [String]) -> Int32 {
    for text in problems { Terminal.write("mqtt inspect-pcap: \(text)\n", to: STDERR_FILENO) }
    return problems.isEmpty ? ExitStatus.success : ExitStatus.failure
  }

  /// Reads all files and answers what is wrong with them; `end` may have a remark on each, which is
  /// told at once.
  private static func read<Receiver: PacketReceiver & ~Copyable>(
    _ options: InspectOptions, into receiver: inout Receiver,
    end: (inout Receiver, String) -> String?
  ) -> [String] {
    var problems: [String] = []
    do throws(SystemError) {
      let reading = try CaptureReading(keyLogs: options.keyLogs)
      for path in options.files {
        do throws(SystemError) {
          let fault = try reading.read(path, into: &receiver)
          if let fault { problems.append("\(path): \(fault)") }
          if let remark = end(&receiver, path), fault == nil {
            Terminal.write("mqtt inspect-pcap: \(remark)\n", to: STDERR_FILENO)
          }
        } catch {
          problems.append("\(error)")
        }
      }
    } catch {
      problems.append("\(error)")
    }
    return problems
  }
}
