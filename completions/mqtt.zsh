#compdef mqtt
# Completion of mqtt for zsh, made by 'mqtt generate' from the tables of options.

_mqtt_property() {
  local -a names
  case ${words[CURRENT - 1]} in
    connect) names=(authentication-data authentication-method maximum-packet-size receive-maximum request-problem-information request-response-information session-expiry-interval topic-alias-maximum user-property) ;;
    publish) names=(content-type correlation-data message-expiry-interval payload-format-indicator response-topic topic-alias user-property) ;;
    subscribe) names=(subscription-identifier user-property) ;;
    unsubscribe) names=(user-property) ;;
    disconnect) names=(reason-string session-expiry-interval user-property) ;;
    will) names=(content-type correlation-data message-expiry-interval payload-format-indicator response-topic user-property will-delay-interval) ;;
  esac
  compadd -a names
}

_mqtt_scenario() {
  if ((${words[(I)compare]} > 0 && ${words[(I)compare]} < CURRENT)); then
    _files
  else
    compadd pubsub fanout fanin pairs shared pub sub conn retained offline rr compare crash probe
  fi
}

_mqtt_broker() {
  _arguments -s -S \
    '(-c --config-file)'{-c+,--config-file=}'[do what FILE says, which is written as for mosquitto]:FILE:_files' \
    '(--test-config)'--test-config'[check the configuration file and all that it names, and do nothing]' \
    '(-d --daemon)'{-d,--daemon}'[go to the background once clients can connect]' \
    '*'{-p+,--port=}'[wait for clients of this machine on PORT]:PORT: ' \
    '*'--listen='[wait on ADDRESS, or on every address of this machine]:\[SCHEME\://\]\[ADDRESS\:\]PORT: ' \
    '*'--unix='[wait on a Unix domain socket]:PATH:_files' \
    '(--bind-interface)'--bind-interface='[of every address, take those of the network interface DEVICE only]:DEVICE: ' \
    '(--socket-domain)'--socket-domain='[the only kind of address to wait on]:DOMAIN:(ipv4 ipv6)' \
    '(--mount-point)'--mount-point='[put PREFIX in front of all topics of the clients, and take it away again]:PREFIX: ' \
    '(--accept-protocol-versions)'--accept-protocol-versions='[the versions of the protocol that are let in]:LIST: ' \
    '(--set-tcp-nodelay)'--set-tcp-nodelay='[whether small packets are sent at once]:BOOLEAN:(true false)' \
    '(--proxy-protocol)'--proxy-protocol='[connections have to begin with a header of the PROXY protocol]:VERSION:(1 2 any)' \
    '(--proxy-require-tls)'--proxy-require-tls'[turn clients away whose PROXY header does not say that they came over TLS]' \
    '*'--ws='[wait for WebSocket clients of this machine on PORT]:PORT: ' \
    '*'--wss='[the same with TLS]:PORT: ' \
    '*'--ws-origin='[let only web pages of ORIGIN connect]:ORIGIN: ' \
    '*'--ws-path='[serve WebSockets at PATH only]:PATH: ' \
    '(--ws-headers-size)'--ws-headers-size='[longest head of a WebSocket request]:BYTES: ' \
    '(--tls)'--tls'[wait for TLS clients of this machine on port 8883]' \
    '*'--tls-port='[wait for TLS clients of this machine on PORT]:PORT: ' \
    '*'--tls-listen='[wait for TLS clients on ADDRESS, or on every address]:\[ADDRESS\:\]PORT: ' \
    '(--cert)'--cert='[the broker'\''s certificate and its chain, in PEM]:FILE:_files' \
    '(--key)'--key='[the private key of the certificate, in PEM]:FILE:_files' \
    '(--cafile)'--cafile='[ask clients for a certificate signed by one of these]:FILE:_files' \
    '(--capath)'--capath='[the same with a directory, prepared by openssl rehash]:DIRECTORY:_files -/' \
    '(--crl)'--crl='[turn clients away whose certificate stands in this list]:FILE:_files' \
    '(--ciphers)'--ciphers='[the ciphers of TLS 1.2]:LIST: ' \
    '(--ciphers-tls1.3)'--ciphers-tls1.3='[the cipher suites of TLS 1.3]:LIST: ' \
    '(--tls-version)'--tls-version='[the lowest version of TLS]:VERSION:(tlsv1.2 tlsv1.3)' \
    '(--psk-file)'--psk-file='[let clients in that have a key of FILE, which has a line IDENTITY\:HEX for each]:FILE:_files' \
    '(--psk-hint)'--psk-hint='[what such clients choose their identity by]:TEXT: ' \
    '(--require-cert)'--require-cert'[turn clients without such a certificate away]' \
    '(--use-identity-as-username)'--use-identity-as-username'[take the user name from the common name of the certificate, or the identity of the key]' \
    '(--use-subject-as-username)'--use-subject-as-username'[take the whole subject of the certificate for the user name]' \
    '(--disable-client-cert-date-checks)'--disable-client-cert-date-checks'[let clients in whose certificate is not valid yet or any more]' \
    '(--tls-keylog)'--tls-keylog='[append the secrets of all sessions to FILE, for Wireshark]:FILE:_files' \
    '(--passwords)'--passwords='[let in who is in FILE, with the right password]:FILE:_files' \
    '(--acl)'--acl='[topics that users may publish and receive, as mosquitto'\''s acl_file]:FILE:_files' \
    '(--acl-extensions)'--acl-extensions'[let FILE of --acl say subscribe, readdeny and writedeny, too]' \
    '(--check-subscriptions)'--check-subscriptions'[refuse filters of which nothing may ever be received]' \
    '(--allow-anonymous)'--allow-anonymous='[whether clients without a user name get in]:BOOLEAN:(true false)' \
    '(--no-anonymous)'--no-anonymous'[the same as --allow-anonymous false]' \
    '(--allow-empty-passwords)'--allow-empty-passwords='[whether a user whose password is the empty one gets in with it]:BOOLEAN:(true false)' \
    '(--client-id-owner)'--client-id-owner='[who may go on with the session of a client identifier]:OWNER:(user any)' \
    '*'--clientid-prefixes='[take client identifiers that begin so, and no others]:PREFIX: ' \
    '(--use-username-as-clientid)'--use-username-as-clientid='[whether the user name takes the place of the client identifier]:BOOLEAN:(true false)' \
    '(--check-retain-source)'--check-retain-source='[keep back retained messages that their publisher may not publish now]:BOOLEAN:(true false)' \
    '(--login-failures)'--login-failures='[failed logins of an address before its next ones wait; 0 is never]:COUNT: ' \
    '(--login-delay-limit)'--login-delay-limit='[longest wait between two such logins]:SECONDS: ' \
    '(--data)'--data='[keep sessions, their messages and retained messages in DIR]:DIR:_files -/' \
    '(--memory)'--memory'[keep everything in memory and nothing on disk]' \
    '(--sync)'--sync='[acknowledge when the disk has it, or sooner\: full, normal, off]:WHEN:(full normal off)' \
    '(--strict-store)'--strict-store'[do not start with a store that is damaged]' \
    '(--max-connections)'--max-connections='[clients at once]:COUNT: ' \
    '(--max-sessions)'--max-sessions='[sessions, of connected and of absent clients]:COUNT: ' \
    '(--max-packet-size)'--max-packet-size='[longest packet that is taken from a client]:BYTES: ' \
    '(--max-inflight-messages)'--max-inflight-messages='[QoS 1 and 2 messages under way to one client at once]:COUNT: ' \
    '(--max-inflight-bytes)'--max-inflight-bytes='[bytes of QoS 1 and 2 payloads under way to one client; 0 is no limit]:BYTES: ' \
    '(--message-size-limit)'--message-size-limit='[longest message that is passed on; a longer one is dropped]:BYTES: ' \
    '(--receive-maximum)'--receive-maximum='[QoS 1 and 2 messages that one client may have under way to us]:COUNT: ' \
    '(--max-queued-messages)'--max-queued-messages='[QoS 1 and 2 messages that wait for one client]:COUNT: ' \
    '(--max-queued-bytes)'--max-queued-bytes='[bytes of messages that wait for one client; 0 is no limit]:BYTES: ' \
    '(--max-outbox-bytes)'--max-outbox-bytes='[bytes that wait for a slow connection before QoS 0 is dropped]:BYTES: ' \
    '(--max-retained-messages)'--max-retained-messages='[retained messages]:COUNT: ' \
    '(--max-subscriptions)'--max-subscriptions='[subscriptions of one client]:COUNT: ' \
    '(--max-topic-levels)'--max-topic-levels='[levels of a topic or a topic filter]:COUNT: ' \
    '(--max-keepalive)'--max-keepalive='[longest keep alive; 0 is any]:SECONDS: ' \
    '(--connect-timeout)'--connect-timeout='[time that a connection has to send CONNECT]:SECONDS: ' \
    '(--persistent-client-expiration)'--persistent-client-expiration='[forget an absent client after TIME\: a number and s, h, d, w, m or y]:TIME: ' \
    '(--max-unidentified-connections)'--max-unidentified-connections='[connections without CONNECT; beyond, the one silent longest is closed]:COUNT: ' \
    '(--max-connections-per-address)'--max-connections-per-address='[connections from one address; 0 is no limit]:COUNT: ' \
    '(--max-connect-size)'--max-connect-size='[longest packet that is taken before a client is in]:BYTES: ' \
    '(--max-waiting-logins)'--max-waiting-logins='[logins whose password waits to be checked]:COUNT: ' \
    '(--max-cached-decisions)'--max-cached-decisions='[decisions of the access list that are remembered, all clients together]:COUNT: ' \
    '(--max-qos)'--max-qos='[highest quality of service]:QOS:(0 1 2)' \
    '(--max-topic-alias)'--max-topic-alias='[topic aliases that a client may make]:COUNT: ' \
    '(--max-topic-alias-broker)'--max-topic-alias-broker='[topic aliases that we make towards a client]:COUNT: ' \
    '(--retain-available)'--retain-available='[whether retained messages are kept at all]:BOOLEAN:(true false)' \
    '(--upgrade-outgoing-qos)'--upgrade-outgoing-qos='[whether a message goes out at the subscription'\''s QoS even if its own is lower]:BOOLEAN:(true false)' \
    '(--allow-duplicate-messages)'--allow-duplicate-messages='[whether overlapping subscriptions bring a message several times]:BOOLEAN:(true false)' \
    '(--queue-qos0-messages)'--queue-qos0-messages='[whether QoS 0 messages wait for absent clients]:BOOLEAN:(true false)' \
    '(--allow-zero-length-clientid)'--allow-zero-length-clientid='[whether a client may leave its identifier to us]:BOOLEAN:(true false)' \
    '(--auto-id-prefix)'--auto-id-prefix='[what the identifiers that we assign begin with]:PREFIX: ' \
    '(--sys-interval)'--sys-interval='[time between two updates of $SYS; 0 is never]:SECONDS: ' \
    '*'--log-dest='[write the log to PLACE]:PLACE:(stderr stdout syslog topic none)' \
    '(--log-file)'--log-file='[write the log to FILE]:FILE:_files' \
    '*'--log-type='[log lines of KIND]:KIND:(error warning notice information subscribe unsubscribe debug websockets internal all none)' \
    '(--log-facility)'--log-facility='[the local facility of the system log]:NUMBER:(0 1 2 3 4 5 6 7)' \
    '(--log-timestamp)'--log-timestamp='[whether a line begins with its time]:BOOLEAN:(true false)' \
    '(--log-timestamp-format)'--log-timestamp-format='[the form of that time, as strftime has it]:FORMAT: ' \
    '(--connection-messages)'--connection-messages='[whether connections and their ends are logged]:BOOLEAN:(true false)' \
    '(-v --verbose)'{-v,--verbose}'[log every packet, with its client and its direction]' \
    '(-q --quiet)'{-q,--quiet}'[log nothing but errors]' \
    '(--threads)'--threads='[most threads that serve connections; they join as load grows]:COUNT: ' \
    '(--min-threads)'--min-threads='[threads that serve connections from the start, however little there is to do]:COUNT: ' \
    '(--pid-file)'--pid-file='[write the process number to FILE]:FILE:_files' \
    '(--user)'--user='[give up root'\''s rights for those of NAME, once all is open]:NAME: ' \
    '(-h --help)'{-h,--help}'[print this help]' \
    '(--version)'--version'[print the version]' \
    '::command:(passwd)'
}

_mqtt_broker-passwd() {
  _arguments -s -S \
    '(-c --create)'{-c,--create}'[make FILE if it is not there]' \
    '(-D --delete)'{-D,--delete}'[remove USER]' \
    '(-b --batch)'{-b,--batch}'[take the password from the command line]' \
    '(-H --hash)'{-H+,--hash=}'[how the password is stored]:HASH:(sha512 sha512-pbkdf2 argon2id)' \
    '(-I --iterations)'{-I+,--iterations=}'[rounds of sha512-pbkdf2; each login costs them]:COUNT: ' \
    '(-h --help)'{-h,--help}'[print this help]' \
    '(--version)'--version'[print the version]' \
    ':file:_files' ':user: ' ':password: '
}

_mqtt_pub() {
  _arguments -s -S \
    '*'{-t+,--topic=}'[topic to publish to; several get the same message]:TOPIC: ' \
    '(-m --message)'{-m+,--message=}'[the message]:MESSAGE: ' \
    '(-f --file)'{-f+,--file=}'[send the contents of FILE]:FILE:_files' \
    '(-l --stdin-line)'{-l,--stdin-line}'[send each line of the standard input as a message]' \
    '(-s --stdin-file)'{-s,--stdin-file}'[send the whole standard input as one message]' \
    '(-n --null-message)'{-n,--null-message}'[send a message without bytes]' \
    '(-q --qos)'{-q+,--qos=}'[quality of service\: 0, 1 or 2]:QOS:(0 1 2)' \
    '(-r --retain)'{-r,--retain}'[have the broker keep the message for later subscribers]' \
    '(--repeat)'--repeat='[send the message COUNT times]:COUNT: ' \
    '(--repeat-delay)'--repeat-delay='[wait so long between two of them]:SECONDS: ' \
    '(-W --timeout)'{-W+,--timeout=}'[end after SECONDS, with exit status 27]:SECONDS: ' \
    '*'{-D,--property}'[a property of MQTT 5 for connect, publish, will or disconnect]:PACKET:(connect publish will disconnect):NAME:_mqtt_property:VALUE: ' \
    '(--every)'--every='[send a message so often\: 500ms, 3s, 1m, 2h]:TIME: ' \
    '(--template)'--template='[make each message from TEXT with {{functions}}; the manual lists them]:TEXT: ' \
    '(--seed)'--seed='[make the same random messages in each run that has this seed]:NUMBER: ' \
    '(--clients)'--clients='[publish the same from COUNT clients]:COUNT: ' \
    '(--topic-separator)'--topic-separator='[what stands between topic and message on a line of -l]:TEXT: ' \
    '(--jsonl)'--jsonl'[take messages as JSON, one object on a line, from -f FILE or standard input]' \
    '(--replay)'--replay='[publish again what mqtt sub --record wrote]:FILE:_files' \
    '(--speed)'--speed='[replay so many times as fast]:FACTOR: ' \
    '(--max)'--max'[replay as fast as the broker takes it]' \
    '(--csv)'--csv='[send each row of FILE as a message]:FILE:_files' \
    '(--topic-column)'--topic-column='[the column that is the topic]:COLUMN: ' \
    '(--payload-column)'--payload-column='[the column that is the message]:COLUMN: ' \
    '(--qos-column)'--qos-column='[the column that is the QoS]:COLUMN: ' \
    '(--retain-column)'--retain-column='[the column that says whether to retain\: 1, true, 0, false]:COLUMN: ' \
    '(--csv-separator)'--csv-separator='[what stands between two columns; tab is a tabulator]:CHARACTER: ' \
    '(--no-header)'--no-header'[the first line of --csv is a message; columns are known by numbers]' \
    '(--outbox)'--outbox='[publish each row of a table of a SQLite database exactly once, and those to come]:FILE:_files' \
    '(--table)'--table='[the table of --outbox]:NAME: ' \
    '(--create-table)'--create-table'[make that table if it is not there]' \
    '(--until-empty)'--until-empty'[end when nothing waits, instead of waiting for more]' \
    '(--redis)'--redis='[publish each element of a list in Redis exactly once, and those to come]:URL: ' \
    '(--list)'--list='[the list of --redis]:KEY: ' \
    '(--wait-reply)'--wait-reply'[wait for the reply to the message, and print it]' \
    '(-e --reply-topic)'{-e+,--reply-topic=}'[where the reply is awaited]:TOPIC: ' \
    '(-h --host)'{-h+,--host=}'[name or address of the broker]:HOST: ' \
    '(-p --port)'{-p+,--port=}'[port of the broker]:PORT: ' \
    '(-L --url)'{-L+,--url=}'[mqtt(s)\://\[USER\[\:PASSWORD\]@\]HOST\[\:PORT\]\[/TOPIC\] or ws(s)\://…\[/PATH\]]:URL: ' \
    '(--unix)'--unix='[connect to a Unix domain socket instead of a host]:PATH:_files' \
    '(-A --bind-address)'{-A+,--bind-address=}'[local address to connect from]:ADDRESS: ' \
    '(--proxy)'--proxy='[connect through the SOCKS proxy socks5h\://\[USER\[\:PASSWORD\]@\]HOST\[\:PORT\]]:URL: ' \
    '(-V --protocol-version)'{-V+,--protocol-version=}'[auto, 5, 311 (3.1.1) or 31 (3.1)]:VERSION:(auto 5 311 31 mqttv5 mqttv311 mqttv31)' \
    '(-k --keepalive)'{-k+,--keepalive=}'[longest silence before the broker is pinged; 0 never pings]:SECONDS: ' \
    '(--nodelay)'--nodelay'[send small packets at once; this is always so]' \
    '(--ws)'--ws'[speak MQTT over WebSocket]' \
    '(--ws-path)'--ws-path='[path of the WebSocket, with a query if need be; turns WebSocket on]:PATH: ' \
    '*'--ws-header='[a further header of the WebSocket request; turns WebSocket on]:HEADER: ' \
    '(-i --id)'{-i+,--id=}'[client identifier]:ID: ' \
    '(-I --id-prefix)'{-I+,--id-prefix=}'[client identifier made of this and the process id]:PREFIX: ' \
    '(-u --username)'{-u+,--username=}'[user name]:NAME: ' \
    '(-P --pw)'{-P+,--pw=}'[password; - asks for it on the terminal]:PASSWORD: ' \
    '(--pw-file)'--pw-file='[read the password from the first line of FILE]:FILE:_files' \
    '(--pw-env)'--pw-env='[read the password from the environment variable NAME]:NAME: ' \
    '(-c --disable-clean-session)'{-c,--disable-clean-session}'[resume the session of this client identifier]' \
    '(-x --session-expiry-interval)'{-x+,--session-expiry-interval=}'[how long the session outlives the connection (MQTT 5)]:SECONDS: ' \
    '(-M --max-inflight)'{-M+,--max-inflight=}'[QoS 1 and 2 messages under way to the broker at once]:COUNT: ' \
    '(--will-topic)'--will-topic='[topic of the message that the broker sends if this client dies]:TOPIC: ' \
    '(--will-payload)'--will-payload='[what the will says]:MESSAGE: ' \
    '(--will-qos)'--will-qos='[quality of service of the will]:QOS:(0 1 2)' \
    '(--will-retain)'--will-retain'[make the will a retained message]' \
    '(--tls)'--tls'[secure the connection with TLS, trusting the system'\''s certificates]' \
    '(--no-tls)'--no-tls'[no TLS, whatever the port or an options file says]' \
    '(--cafile)'--cafile='[trust the certificates in this PEM file; turns TLS on]:FILE:_files' \
    '(--capath)'--capath='[trust the certificates in this directory; turns TLS on]:DIRECTORY:_files -/' \
    '(--tls-use-os-certs)'--tls-use-os-certs'[trust the system'\''s certificates; turns TLS on]' \
    '(--cert)'--cert='[this client'\''s certificate, in PEM; turns TLS on]:FILE:_files' \
    '(--key)'--key='[private key of this client'\''s certificate, in PEM]:FILE:_files' \
    '(--key-pw-file)'--key-pw-file='[read the key'\''s password from the first line of FILE]:FILE:_files' \
    '(--key-pw-env)'--key-pw-env='[read the key'\''s password from the environment variable NAME]:NAME: ' \
    '(--keyform)'--keyform='[form of the private key; pem is the only one]:FORM:(pem)' \
    '(--insecure)'--insecure'[do not check whose certificate the broker shows]' \
    '(--tls-version)'--tls-version='[oldest version of TLS to accept\: tlsv1.2 or tlsv1.3]:VERSION:(tlsv1.2 tlsv1.3)' \
    '(--ciphers)'--ciphers='[ciphers to offer, in OpenSSL'\''s notation]:LIST: ' \
    '(--tls-alpn)'--tls-alpn='[application protocol to name in the handshake]:PROTOCOL: ' \
    '(--tls-servername)'--tls-servername='[name to ask for and to find in the broker'\''s certificate]:NAME: ' \
    '(--psk)'--psk='[pre-shared key in hexadecimal digits; turns TLS on]:KEY: ' \
    '(--psk-identity)'--psk-identity='[identity that goes with --psk]:IDENTITY: ' \
    '(--tls-keylog)'--tls-keylog='[append the secrets of the session to FILE, for Wireshark]:FILE:_files' \
    '(-d --debug)'{-d,--debug}'[show every packet that is sent and received, with times]' \
    '(--quiet)'--quiet'[print no errors at run time]' \
    '(-o --options-file)'{-o+,--options-file=}'[read options from FILE, one on a line]:FILE:_files' \
    '(--help)'--help'[print this help]' \
    '(--version)'--version'[print the version]' \
    ':topic: ' ':message: '
}

_mqtt_sub() {
  _arguments -s -S \
    '*'{-t+,--topic=}'[topic filter to subscribe to]:FILTER: ' \
    '*'{-q+,--qos=}'[highest quality of service to receive\: 0, 1 or 2]:QOS:(0 1 2)' \
    '*'{-U+,--unsubscribe=}'[unsubscribe from a filter, after all subscriptions]:FILTER: ' \
    '(--no-local)'--no-local'[do not receive what this client publishes (MQTT 5)]' \
    '(--retain-as-published)'--retain-as-published'[see the retain flag as the publisher set it (MQTT 5)]' \
    '(--retain-handling)'--retain-handling='[when to send retained messages\: always, new or never (MQTT 5)]:WHEN:(always new never)' \
    '(--subscription-identifier)'--subscription-identifier='[number that marks the messages of these filters (MQTT 5)]:NUMBER: ' \
    '*'{-D,--property}'[a property of MQTT 5 for connect, subscribe, unsubscribe, will or disconnect]:PACKET:(connect subscribe unsubscribe will disconnect):NAME:_mqtt_property:VALUE: ' \
    '(--sqlite)'--sqlite='[store each message exactly once as a row of a SQLite database]:FILE:_files' \
    '(--table)'--table='[the table of --sqlite]:NAME: ' \
    '*'--columns='[columns of that table for parts of a JSON payload]:LIST: ' \
    '(--redis)'--redis='[append each message exactly once to a list in Redis]:URL: ' \
    '(--list)'--list='[the list of --redis]:KEY: ' \
    '(-C --count)'{-C+,--count=}'[end after COUNT messages]:COUNT: ' \
    '(-W --timeout)'{-W+,--timeout=}'[end after SECONDS, with exit status 27]:SECONDS: ' \
    '(--idle)'--idle='[end after SECONDS without a message]:SECONDS: ' \
    '(--until)'--until='[end after the first message of which CONDITION is true]:CONDITION: ' \
    '(-E --exit-after-subscribe)'{-E,--exit-after-subscribe}'[end when the broker has taken all subscriptions]' \
    '(--retained-only)'--retained-only'[print retained messages only, and end at the first other one]' \
    '(-v --verbose)'{-v,--verbose}'[print the topic before each message]' \
    '(-F --format)'{-F+,--format=}'[how to print a message\: %t topic, %p payload, %J JSON; the manual lists all]:FORMAT: ' \
    '(--json)'--json'[print each message as a JSON object on a line]' \
    '(--record)'--record='[record messages in FILE, for mqtt pub --replay]:FILE:_files' \
    '(--top)'--top'[show a table of topics with their counts, rates and last messages]' \
    '(--where)'--where='[pass over messages of which CONDITION is not true]:CONDITION: ' \
    '(--changes)'--changes'[pass over messages that are the same as the one before on their topic]' \
    '(--pretty)'--pretty'[print the JSON of %j and %J on several lines]' \
    '(-N --no-newline)'{-N,--no-newline}'[print no line end after a message]' \
    '(-R --hide-retained)'{-R,--hide-retained}'[do not print retained messages]' \
    '*'{-T+,--filter-out=}'[do not print messages whose topics match FILTER]:FILTER: ' \
    '(--random-filter)'--random-filter='[print only so many of a hundred messages, at random]:PERCENT: ' \
    '(--remove-retained)'--remove-retained'[remove the retained messages that are received]' \
    '(-h --host)'{-h+,--host=}'[name or address of the broker]:HOST: ' \
    '(-p --port)'{-p+,--port=}'[port of the broker]:PORT: ' \
    '(-L --url)'{-L+,--url=}'[mqtt(s)\://\[USER\[\:PASSWORD\]@\]HOST\[\:PORT\]\[/TOPIC\] or ws(s)\://…\[/PATH\]]:URL: ' \
    '(--unix)'--unix='[connect to a Unix domain socket instead of a host]:PATH:_files' \
    '(-A --bind-address)'{-A+,--bind-address=}'[local address to connect from]:ADDRESS: ' \
    '(--proxy)'--proxy='[connect through the SOCKS proxy socks5h\://\[USER\[\:PASSWORD\]@\]HOST\[\:PORT\]]:URL: ' \
    '(-V --protocol-version)'{-V+,--protocol-version=}'[auto, 5, 311 (3.1.1) or 31 (3.1)]:VERSION:(auto 5 311 31 mqttv5 mqttv311 mqttv31)' \
    '(-k --keepalive)'{-k+,--keepalive=}'[longest silence before the broker is pinged; 0 never pings]:SECONDS: ' \
    '(--nodelay)'--nodelay'[send small packets at once; this is always so]' \
    '(--ws)'--ws'[speak MQTT over WebSocket]' \
    '(--ws-path)'--ws-path='[path of the WebSocket, with a query if need be; turns WebSocket on]:PATH: ' \
    '*'--ws-header='[a further header of the WebSocket request; turns WebSocket on]:HEADER: ' \
    '(-i --id)'{-i+,--id=}'[client identifier]:ID: ' \
    '(-I --id-prefix)'{-I+,--id-prefix=}'[client identifier made of this and the process id]:PREFIX: ' \
    '(-u --username)'{-u+,--username=}'[user name]:NAME: ' \
    '(-P --pw)'{-P+,--pw=}'[password; - asks for it on the terminal]:PASSWORD: ' \
    '(--pw-file)'--pw-file='[read the password from the first line of FILE]:FILE:_files' \
    '(--pw-env)'--pw-env='[read the password from the environment variable NAME]:NAME: ' \
    '(-c --disable-clean-session)'{-c,--disable-clean-session}'[resume the session of this client identifier]' \
    '(-x --session-expiry-interval)'{-x+,--session-expiry-interval=}'[how long the session outlives the connection (MQTT 5)]:SECONDS: ' \
    '(-M --max-inflight)'{-M+,--max-inflight=}'[QoS 1 and 2 messages under way to the broker at once]:COUNT: ' \
    '(--will-topic)'--will-topic='[topic of the message that the broker sends if this client dies]:TOPIC: ' \
    '(--will-payload)'--will-payload='[what the will says]:MESSAGE: ' \
    '(--will-qos)'--will-qos='[quality of service of the will]:QOS:(0 1 2)' \
    '(--will-retain)'--will-retain'[make the will a retained message]' \
    '(--tls)'--tls'[secure the connection with TLS, trusting the system'\''s certificates]' \
    '(--no-tls)'--no-tls'[no TLS, whatever the port or an options file says]' \
    '(--cafile)'--cafile='[trust the certificates in this PEM file; turns TLS on]:FILE:_files' \
    '(--capath)'--capath='[trust the certificates in this directory; turns TLS on]:DIRECTORY:_files -/' \
    '(--tls-use-os-certs)'--tls-use-os-certs'[trust the system'\''s certificates; turns TLS on]' \
    '(--cert)'--cert='[this client'\''s certificate, in PEM; turns TLS on]:FILE:_files' \
    '(--key)'--key='[private key of this client'\''s certificate, in PEM]:FILE:_files' \
    '(--key-pw-file)'--key-pw-file='[read the key'\''s password from the first line of FILE]:FILE:_files' \
    '(--key-pw-env)'--key-pw-env='[read the key'\''s password from the environment variable NAME]:NAME: ' \
    '(--keyform)'--keyform='[form of the private key; pem is the only one]:FORM:(pem)' \
    '(--insecure)'--insecure'[do not check whose certificate the broker shows]' \
    '(--tls-version)'--tls-version='[oldest version of TLS to accept\: tlsv1.2 or tlsv1.3]:VERSION:(tlsv1.2 tlsv1.3)' \
    '(--ciphers)'--ciphers='[ciphers to offer, in OpenSSL'\''s notation]:LIST: ' \
    '(--tls-alpn)'--tls-alpn='[application protocol to name in the handshake]:PROTOCOL: ' \
    '(--tls-servername)'--tls-servername='[name to ask for and to find in the broker'\''s certificate]:NAME: ' \
    '(--psk)'--psk='[pre-shared key in hexadecimal digits; turns TLS on]:KEY: ' \
    '(--psk-identity)'--psk-identity='[identity that goes with --psk]:IDENTITY: ' \
    '(--tls-keylog)'--tls-keylog='[append the secrets of the session to FILE, for Wireshark]:FILE:_files' \
    '(-d --debug)'{-d,--debug}'[show every packet that is sent and received, with times]' \
    '(--quiet)'--quiet'[print no errors at run time]' \
    '(-o --options-file)'{-o+,--options-file=}'[read options from FILE, one on a line]:FILE:_files' \
    '(--help)'--help'[print this help]' \
    '(--version)'--version'[print the version]' \
    '*:filter: '
}

_mqtt_bench() {
  _arguments -s -S \
    '*'--scenario='[what to measure; may also stand as a plain argument]:SCENARIO:(pubsub fanout fanin pairs shared pub sub conn retained offline rr)' \
    '(--rounds)'--rounds='[measure everything COUNT times, in turn]:COUNT: ' \
    '(-q --qos)'{-q+,--qos=}'[quality of service on both sides]:QOS:(0 1 2)' \
    '(--pub-qos)'--pub-qos='[quality of service of publishing]:QOS:(0 1 2)' \
    '(--sub-qos)'--sub-qos='[quality of service of subscribing]:QOS:(0 1 2)' \
    '(-t --topic)'{-t+,--topic=}'[topic to publish to, with placeholders]:TOPIC: ' \
    '(--filter)'--filter='[topic filter to subscribe to, with placeholders]:FILTER: ' \
    '(-s --size)'{-s+,--size=}'[size of the payload, at least 24 bytes]:BYTES: ' \
    '(-m --payload)'{-m+,--payload=}'[what follows the first 24 bytes of the payload, with placeholders]:TEXT: ' \
    '(-f --payload-file)'{-f+,--payload-file=}'[the same, read from FILE]:FILE:_files' \
    '(-r --retain)'{-r,--retain}'[publish retained messages]' \
    '*'{-D,--property}'[a property of MQTT 5 for connect, publish or will]:PACKET:(connect publish will):NAME:_mqtt_property:VALUE: ' \
    '(--rate)'--rate='[publish COUNT messages a second in all, on an absolute schedule]:COUNT: ' \
    '(-C --count)'{-C+,--count=}'[publish COUNT messages in all]:COUNT: ' \
    '(-d --duration)'{-d+,--duration=}'[publish for so long after the warm-up]:SECONDS: ' \
    '(-w --warmup)'{-w+,--warmup=}'[publish so long before measuring rates and latencies]:SECONDS: ' \
    '(--drain)'--drain='[wait so long for something to come before what is missing counts as lost]:SECONDS: ' \
    '(--max-outstanding)'--max-outstanding='[deliveries under way at once in a closed loop; 0 is no bound]:COUNT: ' \
    '(--threads)'--threads='[threads that share the clients]:COUNT: ' \
    '(-R --connect-rate)'{-R+,--connect-rate=}'[begin COUNT connections a second]:COUNT: ' \
    '(--connecting)'--connecting='[connections under way at once]:COUNT: ' \
    '(--hosts)'--hosts='[further brokers; the clients take turns]:HOST\[\:PORT\],...: ' \
    '(--source-addresses)'--source-addresses='[local addresses to connect from; the clients take turns]:ADDRESS,...: ' \
    '(--start-number)'--start-number='[number of the first client, which %i stands for]:NUMBER: ' \
    '(--json)'--json='[write the report as JSON, - for the standard output]:FILE:_files' \
    '(--csv)'--csv='[write a line for each second as CSV]:FILE:_files' \
    '(--html)'--html='[write a page with plots of latency and rate that needs no other file]:FILE:_files' \
    '*'--fail-if='[end with status 4 when CONDITION holds]:CONDITION: ' \
    '*'--watch-pid='[report processor time and memory of this process]:PID: ' \
    '(--vs)'--vs='[measure this broker too, in turn with the other one, and print ratios]:HOST\:PORT: ' \
    '(--broker-cmd)'--broker-cmd='[the command that starts the broker, for crash]:COMMAND: ' \
    '(--kills)'--kills='[how often crash kills the broker]:COUNT: ' \
    '(--seed)'--seed='[makes the moments of crash the same again]:NUMBER: ' \
    '(-h --host)'{-h+,--host=}'[name or address of the broker]:HOST: ' \
    '(-p --port)'{-p+,--port=}'[port of the broker]:PORT: ' \
    '(-L --url)'{-L+,--url=}'[mqtt(s)\://\[USER\[\:PASSWORD\]@\]HOST\[\:PORT\]\[/TOPIC\] or ws(s)\://…\[/PATH\]]:URL: ' \
    '(--unix)'--unix='[connect to a Unix domain socket instead of a host]:PATH:_files' \
    '(-A --bind-address)'{-A+,--bind-address=}'[local address to connect from]:ADDRESS: ' \
    '(--proxy)'--proxy='[connect through the SOCKS proxy socks5h\://\[USER\[\:PASSWORD\]@\]HOST\[\:PORT\]]:URL: ' \
    '(-V --protocol-version)'{-V+,--protocol-version=}'[auto, 5, 311 (3.1.1) or 31 (3.1)]:VERSION:(auto 5 311 31 mqttv5 mqttv311 mqttv31)' \
    '(-k --keepalive)'{-k+,--keepalive=}'[longest silence before the broker is pinged; 0 never pings]:SECONDS: ' \
    '(--nodelay)'--nodelay'[send small packets at once; this is always so]' \
    '(--ws)'--ws'[speak MQTT over WebSocket]' \
    '(--ws-path)'--ws-path='[path of the WebSocket, with a query if need be; turns WebSocket on]:PATH: ' \
    '*'--ws-header='[a further header of the WebSocket request; turns WebSocket on]:HEADER: ' \
    '(-i --id)'{-i+,--id=}'[client identifier]:ID: ' \
    '(-I --id-prefix)'{-I+,--id-prefix=}'[client identifier made of this and the process id]:PREFIX: ' \
    '(-u --username)'{-u+,--username=}'[user name]:NAME: ' \
    '(-P --pw)'{-P+,--pw=}'[password; - asks for it on the terminal]:PASSWORD: ' \
    '(--pw-file)'--pw-file='[read the password from the first line of FILE]:FILE:_files' \
    '(--pw-env)'--pw-env='[read the password from the environment variable NAME]:NAME: ' \
    '(-c --disable-clean-session)'{-c,--disable-clean-session}'[resume the session of this client identifier]' \
    '(-x --session-expiry-interval)'{-x+,--session-expiry-interval=}'[how long the session outlives the connection (MQTT 5)]:SECONDS: ' \
    '(-M --max-inflight)'{-M+,--max-inflight=}'[QoS 1 and 2 messages under way to the broker at once]:COUNT: ' \
    '(--will-topic)'--will-topic='[topic of the message that the broker sends if this client dies]:TOPIC: ' \
    '(--will-payload)'--will-payload='[what the will says]:MESSAGE: ' \
    '(--will-qos)'--will-qos='[quality of service of the will]:QOS:(0 1 2)' \
    '(--will-retain)'--will-retain'[make the will a retained message]' \
    '(--tls)'--tls'[secure the connection with TLS, trusting the system'\''s certificates]' \
    '(--no-tls)'--no-tls'[no TLS, whatever the port or an options file says]' \
    '(--cafile)'--cafile='[trust the certificates in this PEM file; turns TLS on]:FILE:_files' \
    '(--capath)'--capath='[trust the certificates in this directory; turns TLS on]:DIRECTORY:_files -/' \
    '(--tls-use-os-certs)'--tls-use-os-certs'[trust the system'\''s certificates; turns TLS on]' \
    '(--cert)'--cert='[this client'\''s certificate, in PEM; turns TLS on]:FILE:_files' \
    '(--key)'--key='[private key of this client'\''s certificate, in PEM]:FILE:_files' \
    '(--key-pw-file)'--key-pw-file='[read the key'\''s password from the first line of FILE]:FILE:_files' \
    '(--key-pw-env)'--key-pw-env='[read the key'\''s password from the environment variable NAME]:NAME: ' \
    '(--keyform)'--keyform='[form of the private key; pem is the only one]:FORM:(pem)' \
    '(--insecure)'--insecure'[do not check whose certificate the broker shows]' \
    '(--tls-version)'--tls-version='[oldest version of TLS to accept\: tlsv1.2 or tlsv1.3]:VERSION:(tlsv1.2 tlsv1.3)' \
    '(--ciphers)'--ciphers='[ciphers to offer, in OpenSSL'\''s notation]:LIST: ' \
    '(--tls-alpn)'--tls-alpn='[application protocol to name in the handshake]:PROTOCOL: ' \
    '(--tls-servername)'--tls-servername='[name to ask for and to find in the broker'\''s certificate]:NAME: ' \
    '(--psk)'--psk='[pre-shared key in hexadecimal digits; turns TLS on]:KEY: ' \
    '(--psk-identity)'--psk-identity='[identity that goes with --psk]:IDENTITY: ' \
    '(--tls-keylog)'--tls-keylog='[append the secrets of the session to FILE, for Wireshark]:FILE:_files' \
    '(--quiet)'--quiet'[print no errors at run time]' \
    '(--help)'--help'[print this help]' \
    '(--version)'--version'[print the version]' \
    '*:scenario:_mqtt_scenario'
}

_mqtt_acl-check() {
  _arguments -s -S \
    '(--acl)'--acl='[the rules\: an ACL file of mosquitto]:FILE:_files' \
    '(--passwords)'--passwords='[the users who can log in]:FILE:_files' \
    '(--acl-extensions)'--acl-extensions'[know the access words subscribe, readdeny and writedeny, too]' \
    '(-u --user)'{-u+,--user=}'[the user name of the client]:USER: ' \
    '(-i --client-id)'{-i+,--client-id=}'[the client identifier of the client]:ID: ' \
    '*'{-r+,--capture=}'[with replay and suggest\: what clients did, as mqtt inspect-pcap reads it]:FILE:_files' \
    '*'--keylog='[secrets of TLS, as SSLKEYLOGFILE and --tls-keylog write them]:FILE:_files' \
    '(-e --explain)'{-e,--explain}'[say of each rule why it did not decide]' \
    '(--coverage)'--coverage'[with test\: tell which rules no case exercises]' \
    '(-j --json)'{-j,--json}'[answer in JSON, one object a line]' \
    '(-h --help)'{-h,--help}'[print this help]' \
    '(--version)'--version'[print the version]' \
    ':question:(publish receive subscribe unsubscribe ask test list who diff lint replay suggest)' \
    '*:file:_files'
}

_mqtt_inspect-pcap() {
  _arguments -s -S \
    '*'{-r+,--read=}'[a capture, which may also stand as a plain argument]:FILE:_files' \
    '*'--keylog='[secrets of TLS, as SSLKEYLOGFILE and --tls-keylog write them]:FILE:_files' \
    '(-j --json)'{-j,--json}'[a JSON object for each packet, with every field and property]' \
    '(--check)'--check'[only what is wrong or worth knowing]' \
    '(--stats)'--stats'[clients, topics, sizes, rates, QoS and latencies]' \
    '(--follow)'--follow='[all that one client says and hears, with payloads]:CLIENT: ' \
    '(--ladder)'--ladder'[the sequence of packets between the clients and the broker, drawn]' \
    '(--html)'--html='[write the sequence as a page that zooms]:FILE:_files' \
    '(--export-messages)'--export-messages='[write the messages of publishers for mqtt pub --replay]:FILE:_files' \
    '(--no-payload)'--no-payload'[do not show payloads]' \
    '(--show-secrets)'--show-secrets'[show passwords]' \
    '(-T --form)'{-T+,--form=}'[a line for each frame, with the fields named by -e]:FORM:(fields)' \
    '*'{-e+,--field=}'[a field of -T fields, by Wireshark'\''s name]:NAME:(frame.number frame.time frame.time_epoch frame.time_relative frame.time_delta frame.len frame.cap_len eth.src eth.dst ip.version ip.src ip.dst ip.addr ipv6.src ipv6.dst ipv6.addr tcp.stream tcp.srcport tcp.dstport tcp.port tcp.len tcp.seq tcp.nxtseq tcp.ack tcp.flags tcp.flags.fin tcp.flags.syn tcp.flags.reset tcp.flags.push tcp.flags.ack tcp.flags.urg mqtt mqtt.hdrflags mqtt.msgtype mqtt.hdr_reserved mqtt.retain_reserved mqtt.dupflag mqtt.qos mqtt.retain mqtt.len mqtt.conack.flags mqtt.conack.flags.reserved mqtt.conack.flags.sp mqtt.conack.val mqtt.msgid mqtt.sub.qos mqtt.suback.qos mqtt.topic_len mqtt.topic mqtt.willtopic_len mqtt.willtopic mqtt.willmsg mqtt.willmsg_text mqtt.willmsg_len mqtt.username_len mqtt.username mqtt.passwd_len mqtt.passwd mqtt.msg mqtt.msg_text mqtt.msg_decoded_as mqtt.proto_len mqtt.protoname mqtt.clientid_len mqtt.clientid mqtt.ver mqtt.conflags mqtt.conflag.uname mqtt.conflag.passwd mqtt.conflag.retain mqtt.conflag.qos mqtt.conflag.willflag mqtt.conflag.cleansess mqtt.conflag.reserved mqtt.kalive mqtt.subscription_options mqtt.subscription_options_qos mqtt.subscription_options_nl mqtt.subscription_options_rap mqtt.subscription_options_retain mqtt.subscription_options_reserved mqtt.connack.reason_code mqtt.puback.reason_code mqtt.pubrec.reason_code mqtt.pubrel.reason_code mqtt.pubcomp.reason_code mqtt.suback.reason_code mqtt.unsuback.reason_code mqtt.disconnect.reason_code mqtt.auth.reason_code mqtt.properties mqtt.will_properties mqtt.property_len mqtt.property_id mqtt.prop_number mqtt.property.content_type mqtt.property.max_qos mqtt.property.topic_alias mqtt.prop_unknown mqtt.prop_string_len mqtt.prop_string mqtt.prop_key_len mqtt.prop_key mqtt.prop_value_len mqtt.prop_value mqtt.illegal_topic_length mqtt.unknown_version mqtt.unknown_topic_alias)' \
    '*'{-E+,--field-option=}'[how -T fields writes]:NAME=VALUE: ' \
    '(-n --no-names)'{-n,--no-names}'[taken for tshark'\''s sake\: names are never looked up]' \
    '*'{-t+,--topic=}'[only messages whose topics match, and what subscribes to them]:FILTER: ' \
    '*'{-i+,--client=}'[only packets from or to this client]:ID: ' \
    '*'--type='[only packets of this type]:TYPE:(connect connack publish puback pubrec pubrel pubcomp subscribe suback unsubscribe unsuback pingreq pingresp disconnect auth)' \
    '(--since)'--since='[only packets from this time on]:TIME: ' \
    '(--until)'--until='[only packets before this time]:TIME: ' \
    '(--stream)'--stream='[only this TCP connection, as tshark counts them]:NUMBER: ' \
    '(-Y --where)'{-Y+,--where=}'[only packets of which this is true]:CONDITION: ' \
    '(-h --help)'{-h,--help}'[print this help]' \
    '(--version)'--version'[print the version]' \
    '*:file:_files'
}

_mqtt() {
  local -a commands
  commands=(
    'broker:serve MQTT clients'
    'pub:publish messages'
    'sub:subscribe to topics and print what arrives'
    'bench:measure a broker, and tell the truth about it'
    'acl-check:say what a file of access rules means'
    'inspect-pcap:explain the MQTT in captured network traffic'
    'generate:install completions and manual pages, or remove them again'
  )
  if ((CURRENT == 2)); then
    _describe -t commands command commands
    _arguments '--help[print this help]' '--version[print the version]'
    return
  fi
  local command=${words[2]}
  shift words
  ((CURRENT--))
  if [[ $command == broker && ${words[2]} == passwd ]] && ((CURRENT > 2)); then
    command=broker-passwd
    shift words
    ((CURRENT--))
  fi
  case $command in
    broker|broker-passwd|pub|sub|bench|acl-check|inspect-pcap) "_mqtt_$command" ;;
    generate) _arguments '--install' '--uninstall' ;;
    help) _describe -t commands command commands ;;
  esac
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _mqtt "$@"
else
  compdef _mqtt mqtt
fi
