// The normative statements of MQTT 3.1.1 (OASIS Standard, 29 October 2014, Appendix B).

let statementsOf311 = """
  1.5.3-1   both    ill-formed UTF-8 closes the connection
      same as 1.5.4-1
  1.5.3-2   both    U+0000 in a string closes the connection
      same as 1.5.4-2
  1.5.3-3   both    EF BB BF in a string is U+FEFF and stays in it
      same as 1.5.4-3
  2.2.2-1   both    reserved flags of a fixed header have the values of the table
      same as 2.1.3-1
  2.2.2-2   both    wrong flags close the connection
  2.3.1-1   both    SUBSCRIBE, UNSUBSCRIBE and PUBLISH above QoS 0 have an identifier above 0
  2.3.1-2   client  a new packet gets an unused identifier
      same as 2.2.1-3
  2.3.1-3   client  a packet that is sent again keeps its identifier
      same as 4.4.0-1
  2.3.1-4   server  the same holds for a server's PUBLISH above QoS 0
      same as 2.2.1-4
  2.3.1-5   both    no packet identifier in a PUBLISH of QoS 0
      same as 2.2.1-2
  2.3.1-6   both    the acknowledgements of a PUBLISH carry its identifier
      same as 2.2.1-5
  2.3.1-7   server  SUBACK and UNSUBACK carry the identifier of what they answer
      same as 2.2.1-6
  3.1.0-1   client  CONNECT comes first on a connection
      same as 3.1.0-1
  3.1.0-2   server  a second CONNECT is a violation that ends the connection
      same as 3.1.0-2
  3.1.2-1   server  a CONNECT with another protocol name is not processed as MQTT
      same as 3.1.2-1
  3.1.2-2   server  an unsupported protocol level is answered by return code 1, then closed
  3.1.2-3   server  the reserved connect flag has to be 0
      same as 3.1.2-3
  3.1.2-4   both    without clean session the session is resumed or made, and kept afterwards
  3.1.2-5   server  messages of QoS 1 and 2 for a kept session are stored while it is away
  3.1.2-6   both    clean session discards the old session and ends with the connection
  3.1.2-7   server  retained messages outlive sessions
  3.1.2-8   server  the will is published when the connection ends without DISCONNECT
  3.1.2-9   client  the will flag brings will topic and message
      same as 3.1.2-9
  3.1.2-10  server  the will is removed once published or after DISCONNECT
      same as 3.1.2-10
  3.1.2-11  client  no will flag: no will QoS, retain, topic or message
      same as 3.1.2-11
  3.1.2-12  server  no will flag, no will
  3.1.2-13  client  no will flag, no will QoS
      same as 3.1.2-11
  3.1.2-14  client  will QoS is 0, 1 or 2
      same as 3.1.2-12
  3.1.2-15  client  no will flag, no will retain
      same as 3.1.2-13
  3.1.2-16  server  a will without will retain is published without RETAIN
      same as 3.1.2-14
  3.1.2-17  server  a will with will retain is published as retained
      same as 3.1.2-15
  3.1.2-18  client  no user name flag, no user name
      same as 3.1.2-16
  3.1.2-19  client  with the user name flag there is a user name
      same as 3.1.2-17
  3.1.2-20  client  no password flag, no password
      same as 3.1.2-18
  3.1.2-21  client  with the password flag there is a password
      same as 3.1.2-19
  3.1.2-22  client  no user name flag, no password flag
  3.1.2-23  client  PINGREQ is sent when keep alive runs out with nothing else to send
      same as 3.1.2-20
  3.1.2-24  server  silence of one and a half times the keep alive closes the connection
      same as 3.1.2-22
  3.1.3-1   client  the fields of CONNECT's payload come in their order
      same as 3.1.3-1
  3.1.3-2   both    the client identifier names the session at both ends
      same as 3.1.3-2
  3.1.3-3   client  the client identifier is there, and first
      same as 3.1.3-3
  3.1.3-4   client  the client identifier is UTF-8
      same as 3.1.3-4
  3.1.3-5   server  identifiers of 1 to 23 letters and digits are accepted
      same as 3.1.3-5
  3.1.3-6   server  a client that sends no identifier gets a unique one
  3.1.3-7   client  an empty identifier comes with clean session
  3.1.3-8   server  an empty identifier without clean session is refused by return code 2
  3.1.3-9   server  a refused identifier is answered by return code 2, then closed
  3.1.3-10  client  the will topic is UTF-8
      same as 3.1.3-11
  3.1.3-11  client  the user name is UTF-8
      same as 3.1.3-12
  3.1.4-1   server  a CONNECT of wrong form closes the connection without a CONNACK
  3.1.4-2   server  a second client of the same identifier takes over; the first is closed
  3.1.4-3   server  clean session is carried out
      same as 3.1.4-4
  3.1.4-4   server  an accepted CONNECT is answered by CONNACK with return code 0
      same as 3.1.4-5
  3.1.4-5   server  what follows a refused CONNECT is not processed
      same as 3.1.4-6
  3.2.0-1   server  CONNACK is the first packet to the client
  3.2.2-1   server  after a clean session session present is 0
      same as 3.2.2-2
  3.2.2-2   server  a resumed session is told by session present
      same as 3.2.2-3
  3.2.2-3   server  without a stored session session present is 0
      same as 3.2.2-3
  3.2.2-4   server  a refusal has session present 0
      same as 3.2.2-6
  3.2.2-5   server  a refusal closes the connection
      same as 3.2.2-7
  3.2.2-6   server  without a fitting return code the connection is closed without CONNACK
  3.3.1-1   both    DUP is 1 when a PUBLISH is sent again
      same as 3.3.1-1
  3.3.1-2   both    DUP is 0 at QoS 0
      same as 3.3.1-2
  3.3.1-3   server  DUP of what goes out does not come from what came in
      same as 3.3.1-3
  3.3.1-4   both    QoS 3 closes the connection
      same as 3.3.1-4
  3.3.1-5   server  RETAIN stores message and QoS for later subscribers
      same as 3.3.1-5
  3.3.1-6   server  a new subscription gets the last retained message of each matching topic
      same as 3.3.1-9
  3.3.1-7   server  RETAIN at QoS 0 discards what was retained before
  3.3.1-8   server  a message sent because of a new subscription has RETAIN 1
  3.3.1-9   server  a message sent through an established subscription has RETAIN 0
      same as 3.3.1-12
  3.3.1-10  server  RETAIN with no payload is delivered and removes what was retained
      same as 3.3.1-6
  3.3.1-11  server  an empty message is not retained
      same as 3.3.1-7
  3.3.1-12  server  without RETAIN nothing retained changes
      same as 3.3.1-8
  3.3.2-1   both    the topic name is PUBLISH's first field, and UTF-8
      same as 3.3.2-1
  3.3.2-2   both    a topic name holds no wildcards
      same as 3.3.2-2
  3.3.2-3   server  what is delivered matches the filter
      same as 3.3.2-3
  3.3.4-1   both    a PUBLISH is answered as its QoS says
      same as 3.3.4-1
  3.3.5-1   server  overlapping subscriptions deliver at the highest of their QoS
      same as 3.3.4-2
  3.3.5-2   server  a PUBLISH that is not allowed is acknowledged or closes the connection
  3.6.1-1   both    PUBREL's flags are 0010
      same as 3.6.1-1
  3.8.1-1   both    SUBSCRIBE's flags are 0010
      same as 3.8.1-1
  3.8.3-1   client  topic filters are UTF-8
      same as 3.8.3-1
  3.8.3-2   server  a server without wildcards refuses filters that have them
      untested: binds servers without wildcards; this broker has them
  3.8.3-3   client  SUBSCRIBE has at least one subscription
      same as 3.8.3-2
  3.8.3-4   server  reserved bits or QoS 3 in SUBSCRIBE's payload close the connection
      same as 3.8.3-5
  3.8.4-1   server  SUBSCRIBE is answered by SUBACK
      same as 3.8.4-1
  3.8.4-2   server  SUBACK has SUBSCRIBE's identifier
      same as 3.8.4-2
  3.8.4-3   server  the same filter again replaces the subscription and sends retained again
      same as 3.8.4-3
  3.8.4-4   server  several filters are handled as several SUBSCRIBEs with one SUBACK
      same as 3.8.4-5
  3.8.4-5   server  SUBACK has a return code for each subscription
      same as 3.8.4-6
  3.8.4-6   server  delivery is at the lower of published and granted QoS
      same as 3.8.4-8
  3.9.3-1   server  SUBACK's return codes are in the order of the filters
      same as 3.9.3-1
  3.9.3-2   server  SUBACK's return codes are 0, 1, 2 and 0x80
  3.10.1-1  both    UNSUBSCRIBE's flags are 0010
      same as 3.10.1-1
  3.10.3-1  client  UNSUBSCRIBE's filters are UTF-8
      same as 3.10.3-1
  3.10.3-2  client  UNSUBSCRIBE has at least one filter
      same as 3.10.3-2
  3.10.4-1  server  filters are compared byte by byte, and the equal one goes
      same as 3.10.4-1
  3.10.4-2  server  nothing new is queued for a removed subscription
      same as 3.10.4-2
  3.10.4-3  server  deliveries begun are finished after UNSUBSCRIBE
      same as 3.10.4-3
  3.10.4-4  server  UNSUBSCRIBE is answered by UNSUBACK of the same identifier
      same as 3.10.4-4
  3.10.4-5  server  UNSUBACK comes even when nothing was subscribed
      same as 3.10.4-5
  3.10.4-6  server  several filters are handled as several UNSUBSCRIBEs with one UNSUBACK
      same as 3.10.4-6
  3.12.4-1  server  PINGREQ is answered by PINGRESP
      same as 3.12.4-1
  3.14.1-1  server  reserved bits of DISCONNECT are checked
      same as 3.14.1-1
  3.14.4-1  client  the sender of DISCONNECT closes the connection
      same as 3.14.4-2
  3.14.4-2  client  nothing follows DISCONNECT
      same as 3.14.4-1
  3.14.4-3  server  DISCONNECT discards the will
      same as 3.14.4-3
  4.1.0-1   both    session state is kept for as long as the session lasts
      same as 3.1.2-23
  4.1.0-2   both    a session lasts at least as long as its connection
      same as 4.1.0-1
  4.3.1-1   both    QoS 0 is a PUBLISH of QoS 0 with DUP 0
      same as 4.3.1-1
  4.3.2-1   both    QoS 1, sender: unused identifier, DUP 0, unacknowledged until PUBACK
      same as 4.3.2-2
  4.3.2-2   both    QoS 1, receiver: PUBACK, after which the identifier is a new message's
      same as 4.3.2-5
  4.3.3-1   both    QoS 2, sender: the four steps, and no PUBLISH after PUBREL
      same as 4.3.3-6
  4.3.3-2   both    QoS 2, receiver: the four steps, and no second copy
      same as 4.3.3-10
  4.4.0-1   both    a resumed session resends PUBLISH and PUBREL under their identifiers
      same as 4.4.0-1
  4.5.0-1   server  an accepted message joins the session of each matching subscriber
      same as 4.5.0-1
  4.5.0-2   client  every PUBLISH is acknowledged, wanted or not
      same as 4.5.0-2
  4.6.0-1   client  messages are resent in their order
      same as 4.6.0-1
  4.6.0-2   client  PUBACKs come in the order of their PUBLISHes
      same as 4.6.0-2
  4.6.0-3   client  PUBRECs come in the order of their PUBLISHes
      same as 4.6.0-3
  4.6.0-4   client  PUBRELs come in the order of their PUBRECs
      same as 4.6.0-4
  4.6.0-5   server  every topic is ordered unless configured otherwise
      same as 4.6.0-6
  4.6.0-6   server  messages of a topic and QoS arrive in the order of their publisher
      same as 4.6.0-5
  4.7.1-1   both    no wildcards within topic names
      same as 4.7.0-1
  4.7.1-2   both    # is a whole level, and the last
      same as 4.7.1-1
  4.7.1-3   both    + is a whole level
      same as 4.7.1-2
  4.7.2-1   server  a leading wildcard does not match a leading $
      same as 4.7.2-1
  4.7.3-1   both    names and filters have at least one character
      same as 4.7.3-1
  4.7.3-2   both    names and filters hold no U+0000
      same as 4.7.3-2
  4.7.3-3   both    names and filters are no longer than 65,535 bytes
      same as 4.7.3-3
  4.7.3-4   server  names and filters are compared as they are
      same as 4.7.3-4
  4.8.0-1   both    a protocol violation closes the connection
      same as 4.13.1-1
  4.8.0-2   both    a transient error while processing a packet closes the connection
      untested: such an error cannot be caused from outside
  6.0.0-1   both    packets travel in binary WebSocket frames
      same as 6.0.0-1
  6.0.0-2   both    packets need not end where WebSocket frames do
      same as 6.0.0-2
  6.0.0-3   client  a client offers the WebSocket subprotocol mqtt
      same as 6.0.0-3
  6.0.0-4   server  a server chooses the WebSocket subprotocol mqtt
      same as 6.0.0-4
  7.0.0-1   both    a server that also connects out obeys the rules of clients
      untested: binds bridges; this broker opens no connection to another
  7.0.0-2   both    no extension outside the standard is required
      untested: a promise about all other implementations; those of the end-to-end tests agree
  7.1.1-1   server  the transport is ordered, lossless and goes both ways
      same as 4.2-1
  7.1.2-1   client  the transport is ordered, lossless and goes both ways
      same as 4.2-1
  """
