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
      let status = read(options, into: &lines) { (lines: inout FieldLines) in lines.endCapture() }
      lines.finish()
      return status
    }
    do throws(SystemError) {
      var inspection = Inspection(options.selection, try tellers(options))
      let status = read(options, into: &inspection) { (whole: inout Inspection) in
        whole.endCapture()
      }
      inspection.finish()
      if case .findings = options.output, inspection.hasErrors { return ExitStatus.failure }
      return status
    } catch {
      return fail("\(error)")
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

  private static func fail(_ text: String) -> Int32 {
    Terminal.write("mqtt inspect-pcap: \(text)\n", to: STDERR_FILENO)
    return ExitStatus.failure
  }

  private static func read<Receiver: PacketReceiver & ~Copyable>(
    _ options: InspectOptions, into receiver: inout Receiver, end: (inout Receiver) -> Void
  ) -> Int32 {
    var status = ExitStatus.success
    do throws(SystemError) {
      let reading = try CaptureReading(keyLogs: options.keyLogs)
      for path in options.files {
        if let fault = try reading.read(path, into: &receiver) {
          status = fail("\(path): \(fault)")
        }
        end(&receiver)
      }
    } catch {
      status = fail("\(error)")
    }
    return status
  }
}
