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
    for path in options.files {
      do throws(SystemError) {
        if let fault = try read(path, into: &receiver) {
          status = fail("\(path): \(fault)")
        }
      } catch {
        status = fail("\(error)")
      }
    }
    return status
  }

  private static func read<Receiver: PacketReceiver & ~Copyable>(
    _ path: String, into receiver: inout Receiver
  ) throws(SystemError) -> CaptureFault? {
    let input = try CaptureInput(path)
    var file = CaptureFile()
    var dissector = Dissector()
    var fault: CaptureFault?
    do throws(CaptureFault) {
      while try Self.more(input, &file) {
        while let frame = try file.next() {
          dissector.dissect(frame, file.bytes(of: frame), into: &receiver)
        }
      }
      fault = file.faultOfEnd
    } catch {
      fault = error
    }
    dissector.finish(into: &receiver)
    return fault
  }

  private static func more(
    _ input: borrowing CaptureInput, _ file: inout CaptureFile
  ) throws(CaptureFault) -> Bool {
    do throws(SystemError) { return try input.read(into: &file) } catch {
      throw CaptureFault(at: file.offset, "\(error)")
    }
  }
}
