// Every option of mosquitto_pub and mosquitto_sub, in each of its spellings, is one of ours.

import Commands
import Testing

@Suite struct MosquittoOptionsTests {
  static let shared = [
    "-A 127.0.0.1", "-c -i me", "--disable-clean-session -i me", "--cafile f", "--capath d",
    "--cert f --key f", "--ciphers c", "-d", "--debug", "-D connect user-property a b",
    "--property connect user-property a b", "-h host", "--host host", "-i me", "--id me",
    "-I me", "--id-prefix me", "--insecure", "-k 60", "--keepalive 60", "--keyform pem",
    "-M 5", "--no-tls", "--nodelay", "-p 1883", "--port 1883", "-P pw", "--pw pw",
    "--psk 00 --psk-identity me", "-q 1", "--qos 1", "--quiet", "--tls-alpn mqtt",
    "--tls-use-os-certs", "--tls-version tlsv1.2", "--tls-keylog f", "-u me", "--username me",
    "--unix /tmp/s", "-V 5", "-V mqttv311", "--protocol-version mqttv31", "--will-topic w",
    "--will-topic w --will-payload p --will-qos 1 --will-retain", "-x 60", "-x ∞ -i me",
  ]
  static let ofPublisher = [
    "-t a -f x", "-t a --file x", "-L mqtt://h/t -n", "--url mqtts://h/t -n", "-t a -l",
    "--topic a --stdin-line", "-t a -m x", "-t a --message x", "-t a -n", "-t a --null-message",
    "-t a -m x -r", "-t a -m x --retain", "-t a -m x --repeat 2 --repeat-delay 1.5", "-t a -s",
    "-t a --stdin-file", "-t a -m x -D publish topic-alias 1",
  ]
  static let ofSubscriber = [
    "-t a", "--topic a", "-L mqtt://h/a/#", "-t a -C 1", "-t a -E", "-t a -F %t", "-t a -N",
    "-t a -R", "-t a -T b", "-t a --filter-out b", "-t a -U c", "-t a --unsubscribe c",
    "-t a -v", "-t a --verbose", "-t a -W 1", "-t a --pretty", "-t a --random-filter 50.0",
    "-t a --remove-retained", "-t a --retain-as-published", "-t a --retained-only",
    "-t a --retain-handling always", "-t a -D subscribe subscription-identifier 4",
    "-t a -D unsubscribe user-property a b",
  ]

  @Test(arguments: shared + ofPublisher) func `an option of mosquitto_pub is taken`(
    line: String
  ) throws {
    let isWhole =
      line.contains("-t ") || line.contains("-L ") || line.contains("--topic ")
      || line.contains("--url ")
    _ = try publish(isWhole ? line : "-t a -m x \(line)")
  }

  @Test(arguments: shared + ofSubscriber) func `an option of mosquitto_sub is taken`(
    line: String
  ) throws {
    _ = try subscribe(line.contains("-L ") || line.contains("--topic ") ? line : "-t a \(line)")
  }

  @Test(arguments: ["-S", "--tls-engine", "--tls-engine-kpass-sha1"])
  func `an option that is left out is known by name`(option: String) {
    #expect(
      errorText(.pub, "a b \(option) x")
        == "\(option): is an option of mosquitto's clients that mqtt does not have")
  }
}
