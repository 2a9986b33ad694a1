import MQTTCodec
package struct OutputFormat: Equatable, Sendable {
  package init() {}
  package init(_ t: String?, isVerbose: Bool, isPretty: Bool, endsLines: Bool) throws(ValueFault) {}
}
