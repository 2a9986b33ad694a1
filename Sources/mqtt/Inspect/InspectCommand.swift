// The runner of `mqtt inspect-pcap`: files in, lines out.

import Capture
import Commands
import Glibc
import MQTTCodec
import Transport

enum InspectCommand {
  static func run(_ options: InspectOptions) -> Int32 {
    switch options.output {
    case .lines:
      var lines = PacketLines(options, InspectOutput())
      let status = read(options, into: &lines)
      lines.finish()
      return status
    case .fields(let names):
      var fields: [CaptureField] = []
      for name in names {
        guard let field = CaptureField.named(name) else {
          return fail("-e \(name): there is no such field", ExitStatus.usage)
        }
        fields.append(field)
      }
      var lines = FieldLines(options, fields, InspectOutput())
      let status = read(options, into: &lines)
      lines.finish()
      return status
    }
  }

  private static func fail(_ text: String, _ status: Int32 = ExitStatus.failure) -> Int32 {
    Terminal.write("mqtt inspect-pcap: \(text)\n", to: STDERR_FILENO)
    return status
  }

  private static func read<Receiver: PacketReceiver & ~Copyable>(
    _ options: InspectOptions, into receiver: inout Receiver
  ) -> Int32 {
    var status = ExitStatus.success
    do throws(SystemError) {
      let reading = try CaptureReading(keyLogs: options.keyLogs)
      for path in options.files {
        if let fault = try reading.read(path, into: &receiver) {
          status = fail("\(path): \(fault)")
        }
      }
    } catch {
      status = fail("\(error)")
    }
    return status
  }
}
