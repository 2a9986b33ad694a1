// What is said about `mqtt inspect-pcap` besides its options.

extension Command {
  static let inspectText = CommandText(
    synopsis: [
      "inspect-pcap [OPTION ...] FILE ...",
      "inspect-pcap -T fields -e NAME [-e NAME ...] [OPTION ...] FILE ...",
      "inspect-pcap --check|--stats [--json] [OPTION ...] FILE ...",
    ],
    description: [
      """
      Reads captures of network traffic (pcap, pcapng and Sniffer files, also compressed by gzip, or \
      the standard input as -) and tells of the MQTT in them: on any port, over WebSocket, and over \
      TLS with the secrets of its sessions. Fragments, lost, repeated and misordered segments, and \
      connections that were open before the capture began are no obstacle.
      """,
      """
      Without options it prints a line for each packet: the number of the frame that completes it, \
      seconds since the first frame, the client, an arrow (to the server or to the client), the \
      packet, and for an answer the time since the frame that it answers. Passwords are hidden \
      unless --show-secrets is given, and --no-payload hides payloads, too.
      """,
      """
      Options for what is shown and options for which packets are shown go together in any way. \
      What is left out is still watched: an answer finds its question, and --check its cause.
      """,
    ],
    examples: [
      CommandExample(
        line: "mqtt inspect-pcap capture.pcapng", meaning: "Show every packet of a capture"),
      CommandExample(
        line: "tcpdump -w - port 1883 | mqtt inspect-pcap -t 'sensor/#' -",
        meaning: "Show the messages of some topics as they come"),
      CommandExample(
        line: "mqtt inspect-pcap -Y 'type == publish && $.temperature > 30' capture.pcapng",
        meaning: "Show the messages whose JSON holds a high temperature"),
      CommandExample(
        line: "mqtt inspect-pcap --check capture.pcapng",
        meaning: "Find what breaks the standard, with exit status 1 if anything does"),
      CommandExample(
        line: "mqtt inspect-pcap --follow sensor-1 capture.pcapng",
        meaning: "Read what one client and the broker say to each other"),
      CommandExample(
        line: "mqtt inspect-pcap --html ladder.html -i sensor-1 -i worker-1 capture.pcapng",
        meaning: "Draw the sequence of packets between two clients and the broker"),
      CommandExample(
        line: "mqtt inspect-pcap -T fields -e frame.number -e mqtt.topic capture.pcapng",
        meaning: "Print the fields that tshark would print"),
      CommandExample(
        line: "mqtt inspect-pcap --export-messages day.jsonl capture.pcapng",
        meaning: "Make a recording that mqtt pub --replay sends again"),
      CommandExample(
        line: "mqtt inspect-pcap --keylog keys.log capture.pcapng",
        meaning: "Read TLS with the secrets that mqtt broker --tls-keylog wrote"),
    ])
}
