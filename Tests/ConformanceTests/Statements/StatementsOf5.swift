// The normative statements of MQTT 5.0 (OASIS Standard, 7 March 2019, Appendix B).

let statementsOf5 = """
  1.5.4-1   both    strings are well-formed UTF-8 without surrogates
  1.5.4-2   both    strings hold no U+0000
  1.5.4-3   both    EF BB BF in a string is U+FEFF and stays in it
  1.5.5-1   both    a variable byte integer takes as few bytes as its value needs
  1.5.7-1   both    both halves of a string pair obey the rules of strings
  2.1.3-1   both    reserved flags of a fixed header have the values of the table
  2.2.1-2   both    no packet identifier in a PUBLISH of QoS 0
  2.2.1-3   client  a new SUBSCRIBE, UNSUBSCRIBE or PUBLISH gets an unused identifier above 0
  2.2.1-4   server  a new PUBLISH of QoS 1 or 2 gets an unused identifier above 0
  2.2.1-5   both    the acknowledgements of a PUBLISH carry its identifier
  2.2.1-6   server  SUBACK and UNSUBACK carry the identifier of what they answer
  2.2.2-1   both    no properties are shown by a property length of 0
  3.1.0-1   client  CONNECT comes first on a connection
  3.1.0-2   server  a second CONNECT is a protocol error that ends the connection
  3.1.2-1   both    another protocol name than MQTT is refused and the connection closed
  3.1.2-2   server  an unknown protocol version is refused and the connection closed
  3.1.2-3   server  the reserved connect flag has to be 0
  3.1.2-4   both    clean start discards the old session
  3.1.2-5   server  without clean start an existing session is resumed
  3.1.2-6   server  without clean start and without a session a new one is made
  3.1.2-7   server  a will is stored with the session
  3.1.2-8   server  the will is published when the connection ends in any but the normal way
  3.1.2-9   client  the will flag brings will properties, topic and payload
  3.1.2-10  server  the will is removed once published or after a normal DISCONNECT
  3.1.2-11  client  no will flag, no will QoS
  3.1.2-12  client  will QoS is 0, 1 or 2
  3.1.2-13  client  no will flag, no will retain
  3.1.2-14  server  a will without will retain is published without RETAIN
  3.1.2-15  server  a will with will retain is published as retained
  3.1.2-16  client  no user name flag, no user name
  3.1.2-17  client  with the user name flag there is a user name
  3.1.2-18  client  no password flag, no password
  3.1.2-19  client  with the password flag there is a password
  3.1.2-20  client  PINGREQ is sent when keep alive runs out with nothing else to send
  3.1.2-21  client  Server Keep Alive replaces the client's own keep alive
  3.1.2-22  server  silence of one and a half times the keep alive closes the connection
  3.1.2-23  both    session state is kept while the session has not expired
  3.1.2-24  server  no packet above the client's Maximum Packet Size is sent
  3.1.2-25  server  a message too large for a client counts as delivered to it
  3.1.2-26  server  no topic alias above the client's Topic Alias Maximum
  3.1.2-27  server  no topic alias at all when the client set no maximum
  3.1.2-28  server  no Response Information unless it was asked for
  3.1.2-29  server  without Request Problem Information no reasons in words but in three packets
  3.1.2-30  client  with an Authentication Method only AUTH and DISCONNECT before CONNACK
  3.1.3-1   client  the fields of CONNECT's payload come in their order
  3.1.3-2   both    the client identifier names the session at both ends
  3.1.3-3   client  the client identifier is there, and first
  3.1.3-4   client  the client identifier is UTF-8
  3.1.3-5   server  identifiers of 1 to 23 letters and digits are accepted
  3.1.3-6   server  a client that sends no identifier gets a unique one
  3.1.3-7   server  the assigned identifier is told in CONNACK
  3.1.3-8   server  a refused identifier ends the connection
  3.1.3-9   server  no will when the client is back before the will delay is over
  3.1.3-10  server  user properties of a will keep their order
  3.1.3-11  client  the will topic is UTF-8
  3.1.3-12  client  the user name is UTF-8
  3.1.4-1   server  a CONNECT of wrong form closes the connection
  3.1.4-2   server  a CONNECT that fails further checks closes the connection
  3.1.4-3   server  a second client of the same identifier takes over; the first gets 0x8E
  3.1.4-4   server  clean start is carried out
  3.1.4-5   server  an accepted CONNECT is answered by CONNACK with success
  3.1.4-6   server  what follows a refused CONNECT is not processed
  3.2.0-1   server  CONNACK comes before any other packet but AUTH
  3.2.0-2   server  there is one CONNACK a connection
  3.2.2-1   server  bits 7 to 1 of CONNACK's flags are 0
  3.2.2-2   server  after a clean start session present is 0
  3.2.2-3   server  session present tells whether there is session state
  3.2.2-4   client  session present without a session at the client closes the connection
  3.2.2-5   client  without session present the client drops its own session state
  3.2.2-6   server  a refusal has session present 0
  3.2.2-7   server  a refusing CONNACK is followed by closing
  3.2.2-8   server  CONNACK's reason code is one of its table
  3.2.2-9   server  Maximum QoS is told when below 2
  3.2.2-10  server  subscriptions of any QoS are accepted whatever the maximum is
  3.2.2-11  client  nothing is published above the server's Maximum QoS
  3.2.2-12  server  a will above the supported QoS refuses the connection
  3.2.2-13  server  a retained will refuses the connection where retain is unavailable
  3.2.2-14  client  nothing is retained where retain is unavailable
  3.2.2-15  client  no packet above the server's Maximum Packet Size is sent
  3.2.2-16  server  an assigned identifier is told and is used by no other session
  3.2.2-17  client  no topic alias above the server's maximum
  3.2.2-18  client  no topic alias where the server set no maximum
  3.2.2-19  server  CONNACK's reason string is left out where it would not fit
  3.2.2-20  server  CONNACK's user properties are left out where they would not fit
      untested: this broker puts no user property of its own into any packet
  3.2.2-21  client  Server Keep Alive is used
  3.2.2-22  server  without Server Keep Alive the client's keep alive holds
  3.3.1-1   both    DUP is 1 when a PUBLISH is sent again
  3.3.1-2   both    DUP is 0 at QoS 0
  3.3.1-3   server  DUP of what goes out does not come from what came in
  3.3.1-4   both    QoS 3 does not exist
  3.3.1-5   server  RETAIN stores the message and replaces an older one
  3.3.1-6   server  RETAIN with no payload removes what was retained
  3.3.1-7   server  an empty message is not itself retained
  3.3.1-8   server  without RETAIN nothing retained changes
  3.3.1-9   server  retain handling 0 sends the retained messages
  3.3.1-10  server  retain handling 1 sends them for new subscriptions only
  3.3.1-11  server  retain handling 2 sends none
  3.3.1-12  server  retain as published 0 clears RETAIN on the way on
  3.3.1-13  server  retain as published 1 keeps RETAIN as it came
  3.3.2-1   both    the topic name is PUBLISH's first field, and UTF-8
  3.3.2-2   both    a topic name holds no wildcards
  3.3.2-3   server  what is delivered matches the filter
  3.3.2-4   server  the Payload Format Indicator goes on unaltered
  3.3.2-5   server  an expired message is deleted where its delivery has not begun
  3.3.2-6   server  Message Expiry Interval is less the time spent waiting
  3.3.2-7   both    topic aliases end with the connection
  3.3.2-8   both    topic alias 0 is not sent
  3.3.2-9   client  topic aliases stay within the server's maximum
  3.3.2-10  client  all topic aliases within the client's own maximum are accepted
  3.3.2-11  server  topic aliases stay within the client's maximum
  3.3.2-12  server  all topic aliases within the server's own maximum are accepted
  3.3.2-13  both    the Response Topic is UTF-8
  3.3.2-14  both    the Response Topic holds no wildcards
  3.3.2-15  server  the Response Topic goes on unaltered
  3.3.2-16  server  Correlation Data go on unaltered
  3.3.2-17  server  user properties go on unaltered
  3.3.2-18  server  user properties keep their order
  3.3.2-19  both    the Content Type is UTF-8
  3.3.2-20  server  the Content Type goes on unaltered
  3.3.4-1   both    a PUBLISH is answered as its QoS says
  3.3.4-2   server  overlapping subscriptions deliver at the highest of their QoS
  3.3.4-3   server  subscription identifiers of overlapping subscriptions are sent
  3.3.4-4   server  a single copy carries the identifiers of all matching subscriptions
  3.3.4-5   server  of several copies each carries its own subscription's identifier
      untested: this broker sends a single copy, which 3.3.4-4 covers
  3.3.4-6   client  a PUBLISH to the server has no subscription identifier
  3.3.4-7   client  no more unacknowledged messages than the server's Receive Maximum
  3.3.4-8   client  other packets do not wait for the Receive Maximum
  3.3.4-9   server  no more unacknowledged messages than the client's Receive Maximum
  3.3.4-10  server  other packets do not wait for the Receive Maximum
  3.4.2-1   both    PUBACK's reason code is one of its table
  3.4.2-2   both    PUBACK's reason string is left out where it would not fit
  3.4.2-3   both    PUBACK's user properties are left out where they would not fit
      untested: neither broker nor client puts user properties of its own into acknowledgements
  3.5.2-1   both    PUBREC's reason code is one of its table
  3.5.2-2   both    PUBREC's reason string is left out where it would not fit
  3.5.2-3   both    PUBREC's user properties are left out where they would not fit
      untested: neither broker nor client puts user properties of its own into acknowledgements
  3.6.1-1   both    PUBREL's flags are 0010
  3.6.2-1   both    PUBREL's reason code is one of its table
  3.6.2-2   both    PUBREL's reason string is left out where it would not fit
      untested: neither broker nor client ever puts a reason string into PUBREL
  3.6.2-3   both    PUBREL's user properties are left out where they would not fit
      untested: neither broker nor client puts user properties of its own into acknowledgements
  3.7.2-1   both    PUBCOMP's reason code is one of its table
  3.7.2-2   both    PUBCOMP's reason string is left out where it would not fit
      untested: neither broker nor client ever puts a reason string into PUBCOMP
  3.7.2-3   both    PUBCOMP's user properties are left out where they would not fit
      untested: neither broker nor client puts user properties of its own into acknowledgements
  3.8.1-1   both    SUBSCRIBE's flags are 0010
  3.8.3-1   client  topic filters are UTF-8
  3.8.3-2   client  SUBSCRIBE has at least one subscription
  3.8.3-3   server  no local keeps a client's own messages from it
  3.8.3-4   client  no local on a shared subscription is a protocol error
  3.8.3-5   server  reserved bits of subscription options are malformed
  3.8.4-1   server  SUBSCRIBE is answered by SUBACK
  3.8.4-2   server  SUBACK has SUBSCRIBE's identifier
  3.8.4-3   server  the same filter again replaces the subscription
  3.8.4-4   server  replacing a subscription sends retained messages again and loses none
  3.8.4-5   server  several filters are handled as several SUBSCRIBEs with one SUBACK
  3.8.4-6   server  SUBACK has a reason code for each subscription
  3.8.4-7   server  the reason code is the granted QoS or the failure
  3.8.4-8   server  delivery is at the lower of published and granted QoS
  3.9.2-1   server  SUBACK's reason string is left out where it would not fit
  3.9.2-2   server  SUBACK's user properties are left out where they would not fit
      untested: this broker puts no user property of its own into any packet
  3.9.3-1   server  SUBACK's reason codes are in the order of the filters
  3.9.3-2   server  SUBACK's reason codes are of its table
  3.10.1-1  both    UNSUBSCRIBE's flags are 0010
  3.10.3-1  client  UNSUBSCRIBE's filters are UTF-8
  3.10.3-2  client  UNSUBSCRIBE has at least one filter
  3.10.4-1  server  filters are compared byte by byte, and the equal one goes
  3.10.4-2  server  nothing new is queued for a removed subscription
  3.10.4-3  server  deliveries begun are finished after UNSUBSCRIBE
  3.10.4-4  server  UNSUBSCRIBE is answered by UNSUBACK
  3.10.4-5  server  UNSUBACK has UNSUBSCRIBE's identifier, matched or not
  3.10.4-6  server  several filters are handled as several UNSUBSCRIBEs with one UNSUBACK
  3.11.2-1  server  UNSUBACK's reason string is left out where it would not fit
  3.11.2-2  server  UNSUBACK's user properties are left out where they would not fit
      untested: this broker puts no user property of its own into any packet
  3.11.3-1  server  UNSUBACK's reason codes are in the order of the filters
  3.11.3-2  server  UNSUBACK's reason codes are of its table
  3.12.4-1  server  PINGREQ is answered by PINGRESP
  3.14.0-1  server  no DISCONNECT before an accepting CONNACK
  3.14.1-1  both    reserved bits of DISCONNECT are checked
  3.14.2-1  both    DISCONNECT's reason code is one of its table
  3.14.2-2  server  a server's DISCONNECT has no Session Expiry Interval
  3.14.2-3  both    DISCONNECT's reason string is left out where it would not fit
  3.14.2-4  both    DISCONNECT's user properties are left out where they would not fit
  3.14.4-1  both    nothing follows DISCONNECT
  3.14.4-2  both    the sender of DISCONNECT closes the connection
  3.14.4-3  server  a normal DISCONNECT discards the will
  3.15.1-1  both    AUTH's flags are 0
  3.15.2-1  both    AUTH's reason code is one of its table
  3.15.2-2  both    AUTH's reason string is left out where it would not fit
      untested: neither broker nor client puts a reason string into AUTH
  3.15.2-3  both    AUTH's user properties are left out where they would not fit
      untested: neither broker nor client puts user properties of its own into AUTH
  4.1.0-1   both    session state is kept while the connection is open
  4.1.0-2   server  session state goes when the session has expired
  4.2-1     both    the transport is ordered, lossless and goes both ways
  4.3.1-1   both    QoS 0 is a PUBLISH of QoS 0 with DUP 0
  4.3.2-1   both    QoS 1, sender: a new message gets an unused identifier
  4.3.2-2   both    QoS 1, sender: the first PUBLISH has DUP 0
  4.3.2-3   both    QoS 1, sender: unacknowledged until PUBACK
  4.3.2-4   both    QoS 1, receiver: answers PUBACK with the identifier
  4.3.2-5   both    QoS 1, receiver: after PUBACK the identifier is that of a new message
  4.3.3-1   both    QoS 2, sender: a new message gets an unused identifier
  4.3.3-2   both    QoS 2, sender: the first PUBLISH has DUP 0
  4.3.3-3   both    QoS 2, sender: unacknowledged until PUBREC
  4.3.3-4   both    QoS 2, sender: answers PUBREC with PUBREL
  4.3.3-5   both    QoS 2, sender: PUBREL is unacknowledged until PUBCOMP
  4.3.3-6   both    QoS 2, sender: never PUBLISH again after PUBREL
  4.3.3-7   both    QoS 2, sender: no expiry once PUBLISH was sent
  4.3.3-8   both    QoS 2, receiver: answers PUBREC with the identifier
  4.3.3-9   both    QoS 2, receiver: after a refusing PUBREC the identifier is new
  4.3.3-10  both    QoS 2, receiver: until PUBREL a repeated PUBLISH gets PUBREC, no second copy
  4.3.3-11  both    QoS 2, receiver: answers PUBREL with PUBCOMP
  4.3.3-12  both    QoS 2, receiver: after PUBCOMP the identifier is that of a new message
  4.3.3-13  both    QoS 2, receiver: finishes the handshake although the message expired
  4.4.0-1   both    a resumed session resends what is unacknowledged, and only then
  4.4.0-2   both    what was refused by PUBACK or PUBREC is not sent again
  4.5.0-1   server  an accepted message joins the session of each matching subscriber
  4.5.0-2   client  every PUBLISH is acknowledged, wanted or not
  4.6.0-1   client  messages are resent in their order
  4.6.0-2   client  PUBACKs come in the order of their PUBLISHes
  4.6.0-3   client  PUBRECs come in the order of their PUBLISHes
  4.6.0-4   client  PUBRELs come in the order of their PUBRECs
  4.6.0-5   server  messages of a topic and QoS arrive in the order of their publisher
  4.6.0-6   server  every topic is ordered unless configured otherwise
  4.7.0-1   both    no wildcards within topic names
  4.7.1-1   both    # is a whole level, and the last
  4.7.1-2   both    + is a whole level
  4.7.2-1   server  a leading wildcard does not match a leading $
  4.7.3-1   both    names and filters have at least one character
  4.7.3-2   both    names and filters hold no U+0000
  4.7.3-3   both    names and filters are no longer than 65,535 bytes
  4.7.3-4   server  names and filters are compared as they are
  4.8.2-1   client  a shared subscription is $share/, a name, and a filter
  4.8.2-2   client  a share name holds no /, + or #, and a / and a filter follow it
  4.8.2-3   server  a shared subscription delivers at its member's granted QoS
  4.8.2-4   server  a QoS 2 delivery that broke off is finished with the same member
  4.8.2-5   server  a QoS 2 delivery is given to no other member when its session ends
  4.8.2-6   server  what a member refuses is given to no other
  4.9.0-1   both    the send quota begins above 0 and within the Receive Maximum
  4.9.0-2   both    no PUBLISH of QoS 1 or 2 at quota 0
  4.9.0-3   both    all other packets are processed at quota 0
  4.12.0-1  server  an unsupported Authentication Method closes the connection
  4.12.0-2  server  AUTH of a server carries 0x18
  4.12.0-3  client  AUTH in answer to AUTH carries 0x18
  4.12.0-4  server  a rejected authentication closes the connection
  4.12.0-5  both    the Authentication Method stays the same throughout
  4.12.0-6  server  no AUTH and no method in CONNACK unless CONNECT had one
  4.12.0-7  client  no AUTH without a method in CONNECT
  4.12.1-1  client  re-authentication uses the method of CONNECT
  4.12.1-2  both    a failed re-authentication closes the connection
  4.13.1-1  server  a malformed packet or protocol error closes the connection
  4.13.2-1  both    a reason code from 0x80 up in CONNACK or DISCONNECT closes the connection
  6.0.0-1   both    packets travel in binary WebSocket frames
  6.0.0-2   both    packets need not end where WebSocket frames do
  6.0.0-3   client  a client offers the WebSocket subprotocol mqtt
  6.0.0-4   server  a server chooses the WebSocket subprotocol mqtt
  """
