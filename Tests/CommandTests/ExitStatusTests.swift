// What the exit status tells.

import Commands
import MQTTCodec
import Testing

@Suite struct ExitStatusTests {
  @Test func `a refusal is its reason code`() {
    #expect(ExitStatus.refusal(.notAuthorized, of: .connack, version: .v5) == 135)
    #expect(ExitStatus.refusal(.quotaExceeded, of: .puback, version: .v5) == 151)
    #expect(ExitStatus.refusal(.unspecifiedError, of: .suback, version: .v311) == 128)
  }

  static let returnCodes: [(ReasonCode, Int32)] = [
    (.unsupportedProtocolVersion, 1), (.clientIdentifierNotValid, 2), (.serverUnavailable, 3),
    (.badUserNameOrPassword, 4), (.notAuthorized, 5),
  ]

  @Test(arguments: returnCodes) func `a refused CONNECT before 5.0 is its return code`(
    code: ReasonCode, status: Int32
  ) {
    #expect(ExitStatus.refusal(code, of: .connack, version: .v311) == status)
    #expect(ExitStatus.refusal(code, of: .connack, version: .v31) == status)
  }
}
