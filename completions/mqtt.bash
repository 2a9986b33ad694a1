# Completion of mqtt for bash, made by 'mqtt generate' from the tables of options.

_mqtt_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

_mqtt_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_mqtt_property() {
  case $1 in
    connect) _mqtt_words 'authentication-data authentication-method maximum-packet-size receive-maximum request-problem-information request-response-information session-expiry-interval topic-alias-maximum user-property' "$2" ;;
    publish) _mqtt_words 'content-type correlation-data message-expiry-interval payload-format-indicator response-topic topic-alias user-property' "$2" ;;
    subscribe) _mqtt_words 'subscription-identifier user-property' "$2" ;;
    unsubscribe) _mqtt_words 'user-property' "$2" ;;
    disconnect) _mqtt_words 'reason-string session-expiry-interval user-property' "$2" ;;
    will) _mqtt_words 'content-type correlation-data message-expiry-interval payload-format-indicator response-topic user-property will-delay-interval' "$2" ;;
  esac
}

_mqtt_broker() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  # bash makes three words of --qos=1.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $previous in
    -c|--config-file) _mqtt_files -f "$current"; return ;;
    -p|--port) return ;;
    --listen) return ;;
    --unix) _mqtt_files -f "$current"; return ;;
    --bind-interface) return ;;
    --socket-domain) _mqtt_words 'ipv4 ipv6' "$current"; return ;;
    --mount-point) return ;;
    --accept-protocol-versions) return ;;
    --set-tcp-nodelay) _mqtt_words 'true false' "$current"; return ;;
    --proxy-protocol) _mqtt_words '1 2 any' "$current"; return ;;
    --ws) return ;;
    --wss) return ;;
    --ws-origin) return ;;
    --ws-path) return ;;
    --ws-headers-size) return ;;
    --tls-port) return ;;
    --tls-listen) return ;;
    --cert|--certfile) _mqtt_files -f "$current"; return ;;
    --key|--keyfile) _mqtt_files -f "$current"; return ;;
    --cafile) _mqtt_files -f "$current"; return ;;
    --capath) _mqtt_files -d "$current"; return ;;
    --crl|--crlfile) _mqtt_files -f "$current"; return ;;
    --ciphers) return ;;
    --ciphers-tls1.3) return ;;
    --tls-version) _mqtt_words 'tlsv1.2 tlsv1.3' "$current"; return ;;
    --psk-file) _mqtt_files -f "$current"; return ;;
    --psk-hint) return ;;
    --tls-keylog) _mqtt_files -f "$current"; return ;;
    --passwords|--password-file) _mqtt_files -f "$current"; return ;;
    --acl|--acl-file) _mqtt_files -f "$current"; return ;;
    --allow-anonymous) _mqtt_words 'true false' "$current"; return ;;
    --allow-empty-passwords) _mqtt_words 'true false' "$current"; return ;;
    --client-id-owner) _mqtt_words 'user any' "$current"; return ;;
    --clientid-prefixes) return ;;
    --use-username-as-clientid) _mqtt_words 'true false' "$current"; return ;;
    --check-retain-source) _mqtt_words 'true false' "$current"; return ;;
    --login-failures) return ;;
    --login-delay-limit) return ;;
    --data) _mqtt_files -d "$current"; return ;;
    --sync) _mqtt_words 'full normal off' "$current"; return ;;
    --max-connections) return ;;
    --max-sessions) return ;;
    --max-packet-size) return ;;
    --max-inflight-messages) return ;;
    --max-inflight-bytes) return ;;
    --message-size-limit) return ;;
    --receive-maximum) return ;;
    --max-queued-messages) return ;;
    --max-queued-bytes) return ;;
    --max-outbox-bytes) return ;;
    --max-retained-messages) return ;;
    --max-subscriptions) return ;;
    --max-topic-levels) return ;;
    --max-keepalive) return ;;
    --connect-timeout) return ;;
    --persistent-client-expiration) return ;;
    --max-unidentified-connections) return ;;
    --max-connections-per-address) return ;;
    --max-connect-size) return ;;
    --max-waiting-logins) return ;;
    --max-cached-decisions) return ;;
    --max-qos) _mqtt_words '0 1 2' "$current"; return ;;
    --max-topic-alias) return ;;
    --max-topic-alias-broker) return ;;
    --retain-available) _mqtt_words 'true false' "$current"; return ;;
    --upgrade-outgoing-qos) _mqtt_words 'true false' "$current"; return ;;
    --allow-duplicate-messages) _mqtt_words 'true false' "$current"; return ;;
    --queue-qos0-messages) _mqtt_words 'true false' "$current"; return ;;
    --allow-zero-length-clientid) _mqtt_words 'true false' "$current"; return ;;
    --auto-id-prefix) return ;;
    --sys-interval) return ;;
    --log-dest) _mqtt_words 'stderr stdout syslog topic none' "$current"; return ;;
    --log-file) _mqtt_files -f "$current"; return ;;
    --log-type) _mqtt_words 'error warning notice information subscribe unsubscribe debug websockets internal all none' "$current"; return ;;
    --log-facility) _mqtt_words '0 1 2 3 4 5 6 7' "$current"; return ;;
    --log-timestamp) _mqtt_words 'true false' "$current"; return ;;
    --log-timestamp-format) return ;;
    --connection-messages) _mqtt_words 'true false' "$current"; return ;;
    --threads) return ;;
    --min-threads) return ;;
    --pid-file) _mqtt_files -f "$current"; return ;;
    --user) return ;;
  esac
  case $current in
    -*) _mqtt_words '--config-file --test-config --daemon --port --listen --unix --bind-interface --socket-domain --mount-point --accept-protocol-versions --set-tcp-nodelay --proxy-protocol --proxy-require-tls --ws --wss --ws-origin --ws-path --ws-headers-size --tls --tls-port --tls-listen --cert --key --cafile --capath --crl --ciphers --ciphers-tls1.3 --tls-version --psk-file --psk-hint --require-cert --use-identity-as-username --use-subject-as-username --disable-client-cert-date-checks --tls-keylog --passwords --acl --acl-extensions --check-subscriptions --allow-anonymous --no-anonymous --allow-empty-passwords --client-id-owner --clientid-prefixes --use-username-as-clientid --check-retain-source --login-failures --login-delay-limit --data --memory --sync --strict-store --max-connections --max-sessions --max-packet-size --max-inflight-messages --max-inflight-bytes --message-size-limit --receive-maximum --max-queued-messages --max-queued-bytes --max-outbox-bytes --max-retained-messages --max-subscriptions --max-topic-levels --max-keepalive --connect-timeout --persistent-client-expiration --max-unidentified-connections --max-connections-per-address --max-connect-size --max-waiting-logins --max-cached-decisions --max-qos --max-topic-alias --max-topic-alias-broker --retain-available --upgrade-outgoing-qos --allow-duplicate-messages --queue-qos0-messages --allow-zero-length-clientid --auto-id-prefix --sys-interval --log-dest --log-file --log-type --log-facility --log-timestamp --log-timestamp-format --connection-messages --verbose --quiet --threads --min-threads --pid-file --user --help --version' "$current" ;;
    *) ((COMP_CWORD == 2)) && _mqtt_words 'passwd' "$current" ;;
  esac
}

_mqtt_broker-passwd() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  # bash makes three words of --qos=1.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $previous in
    -H|--hash) _mqtt_words 'sha512 sha512-pbkdf2 argon2id' "$current"; return ;;
    -I|--iterations) return ;;
  esac
  case $current in
    -*) _mqtt_words '--create --delete --batch --hash --iterations --help --version' "$current" ;;
    *) _mqtt_files -f "$current" ;;
  esac
}

_mqtt_pub() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  # bash makes three words of --qos=1.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case ${COMP_WORDS[COMP_CWORD - 2]} in
    -D|--property) _mqtt_property "$previous" "$current"; return ;;
  esac
  case $previous in
    -t|--topic) return ;;
    -m|--message) return ;;
    -f|--file) _mqtt_files -f "$current"; return ;;
    -q|--qos) _mqtt_words '0 1 2' "$current"; return ;;
    --repeat) return ;;
    --repeat-delay) return ;;
    -W|--timeout) return ;;
    -D|--property) _mqtt_words 'connect publish will disconnect' "$current"; return ;;
    --every) return ;;
    --template) return ;;
    --seed) return ;;
    --clients) return ;;
    --topic-separator) return ;;
    --replay) _mqtt_files -f "$current"; return ;;
    --speed) return ;;
    --csv) _mqtt_files -f "$current"; return ;;
    --topic-column) return ;;
    --payload-column) return ;;
    --qos-column) return ;;
    --retain-column) return ;;
    --csv-separator) return ;;
    --outbox) _mqtt_files -f "$current"; return ;;
    --table) return ;;
    --redis) return ;;
    --list) return ;;
    -e|--reply-topic) return ;;
    -h|--host) return ;;
    -p|--port) return ;;
    -L|--url) return ;;
    --unix) _mqtt_files -f "$current"; return ;;
    -A|--bind-address) return ;;
    --proxy) return ;;
    -V|--protocol-version) _mqtt_words 'auto 5 311 31 mqttv5 mqttv311 mqttv31' "$current"; return ;;
    -k|--keepalive) return ;;
    --ws-path) return ;;
    --ws-header) return ;;
    -i|--id) return ;;
    -I|--id-prefix) return ;;
    -u|--username) return ;;
    -P|--pw) return ;;
    --pw-file) _mqtt_files -f "$current"; return ;;
    --pw-env) return ;;
    -x|--session-expiry-interval) return ;;
    -M|--max-inflight) return ;;
    --will-topic) return ;;
    --will-payload) return ;;
    --will-qos) _mqtt_words '0 1 2' "$current"; return ;;
    --cafile) _mqtt_files -f "$current"; return ;;
    --capath) _mqtt_files -d "$current"; return ;;
    --cert) _mqtt_files -f "$current"; return ;;
    --key) _mqtt_files -f "$current"; return ;;
    --key-pw-file) _mqtt_files -f "$current"; return ;;
    --key-pw-env) return ;;
    --keyform) _mqtt_words 'pem' "$current"; return ;;
    --tls-version) _mqtt_words 'tlsv1.2 tlsv1.3' "$current"; return ;;
    --ciphers) return ;;
    --tls-alpn) return ;;
    --tls-servername) return ;;
    --psk) return ;;
    --psk-identity) return ;;
    --tls-keylog) _mqtt_files -f "$current"; return ;;
    -o|--options-file) _mqtt_files -f "$current"; return ;;
  esac
  case $current in
    -*) _mqtt_words '--topic --message --file --stdin-line --stdin-file --null-message --qos --retain --repeat --repeat-delay --timeout --property --every --template --seed --clients --topic-separator --jsonl --replay --speed --max --csv --topic-column --payload-column --qos-column --retain-column --csv-separator --no-header --outbox --table --create-table --until-empty --redis --list --wait-reply --reply-topic --host --port --url --unix --bind-address --proxy --protocol-version --keepalive --nodelay --ws --ws-path --ws-header --id --id-prefix --username --pw --pw-file --pw-env --disable-clean-session --session-expiry-interval --max-inflight --will-topic --will-payload --will-qos --will-retain --tls --no-tls --cafile --capath --tls-use-os-certs --cert --key --key-pw-file --key-pw-env --keyform --insecure --tls-version --ciphers --tls-alpn --tls-servername --psk --psk-identity --tls-keylog --debug --quiet --options-file --help --version' "$current" ;;
  esac
}

_mqtt_sub() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  # bash makes three words of --qos=1.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case ${COMP_WORDS[COMP_CWORD - 2]} in
    -D|--property) _mqtt_property "$previous" "$current"; return ;;
  esac
  case $previous in
    -t|--topic) return ;;
    -q|--qos) _mqtt_words '0 1 2' "$current"; return ;;
    -U|--unsubscribe) return ;;
    --retain-handling) _mqtt_words 'always new never' "$current"; return ;;
    --subscription-identifier) return ;;
    -D|--property) _mqtt_words 'connect subscribe unsubscribe will disconnect' "$current"; return ;;
    --sqlite) _mqtt_files -f "$current"; return ;;
    --table) return ;;
    --columns) return ;;
    --redis) return ;;
    --list) return ;;
    -C|--count) return ;;
    -W|--timeout) return ;;
    --idle) return ;;
    --until) return ;;
    -F|--format) return ;;
    --record) _mqtt_files -f "$current"; return ;;
    --where) return ;;
    -T|--filter-out) return ;;
    --random-filter) return ;;
    -h|--host) return ;;
    -p|--port) return ;;
    -L|--url) return ;;
    --unix) _mqtt_files -f "$current"; return ;;
    -A|--bind-address) return ;;
    --proxy) return ;;
    -V|--protocol-version) _mqtt_words 'auto 5 311 31 mqttv5 mqttv311 mqttv31' "$current"; return ;;
    -k|--keepalive) return ;;
    --ws-path) return ;;
    --ws-header) return ;;
    -i|--id) return ;;
    -I|--id-prefix) return ;;
    -u|--username) return ;;
    -P|--pw) return ;;
    --pw-file) _mqtt_files -f "$current"; return ;;
    --pw-env) return ;;
    -x|--session-expiry-interval) return ;;
    -M|--max-inflight) return ;;
    --will-topic) return ;;
    --will-payload) return ;;
    --will-qos) _mqtt_words '0 1 2' "$current"; return ;;
    --cafile) _mqtt_files -f "$current"; return ;;
    --capath) _mqtt_files -d "$current"; return ;;
    --cert) _mqtt_files -f "$current"; return ;;
    --key) _mqtt_files -f "$current"; return ;;
    --key-pw-file) _mqtt_files -f "$current"; return ;;
    --key-pw-env) return ;;
    --keyform) _mqtt_words 'pem' "$current"; return ;;
    --tls-version) _mqtt_words 'tlsv1.2 tlsv1.3' "$current"; return ;;
    --ciphers) return ;;
    --tls-alpn) return ;;
    --tls-servername) return ;;
    --psk) return ;;
    --psk-identity) return ;;
    --tls-keylog) _mqtt_files -f "$current"; return ;;
    -o|--options-file) _mqtt_files -f "$current"; return ;;
  esac
  case $current in
    -*) _mqtt_words '--topic --qos --unsubscribe --no-local --retain-as-published --retain-handling --subscription-identifier --property --sqlite --table --columns --redis --list --count --timeout --idle --until --exit-after-subscribe --retained-only --verbose --format --json --record --top --where --changes --pretty --no-newline --hide-retained --filter-out --random-filter --remove-retained --host --port --url --unix --bind-address --proxy --protocol-version --keepalive --nodelay --ws --ws-path --ws-header --id --id-prefix --username --pw --pw-file --pw-env --disable-clean-session --session-expiry-interval --max-inflight --will-topic --will-payload --will-qos --will-retain --tls --no-tls --cafile --capath --tls-use-os-certs --cert --key --key-pw-file --key-pw-env --keyform --insecure --tls-version --ciphers --tls-alpn --tls-servername --psk --psk-identity --tls-keylog --debug --quiet --options-file --help --version' "$current" ;;
  esac
}

_mqtt_bench() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  # bash makes three words of --qos=1.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case ${COMP_WORDS[COMP_CWORD - 2]} in
    -D|--property) _mqtt_property "$previous" "$current"; return ;;
  esac
  case $previous in
    --scenario) _mqtt_words 'pubsub fanout fanin pairs shared pub sub conn retained offline rr' "$current"; return ;;
    --rounds) return ;;
    -q|--qos) _mqtt_words '0 1 2' "$current"; return ;;
    --pub-qos) _mqtt_words '0 1 2' "$current"; return ;;
    --sub-qos) _mqtt_words '0 1 2' "$current"; return ;;
    -t|--topic) return ;;
    --filter) return ;;
    -s|--size) return ;;
    -m|--payload) return ;;
    -f|--payload-file) _mqtt_files -f "$current"; return ;;
    -D|--property) _mqtt_words 'connect publish will' "$current"; return ;;
    --rate) return ;;
    -C|--count) return ;;
    -d|--duration) return ;;
    -w|--warmup) return ;;
    --drain) return ;;
    --max-outstanding) return ;;
    --threads) return ;;
    -R|--connect-rate) return ;;
    --connecting) return ;;
    --hosts) return ;;
    --source-addresses) return ;;
    --start-number) return ;;
    --json) _mqtt_files -f "$current"; return ;;
    --csv) _mqtt_files -f "$current"; return ;;
    --html) _mqtt_files -f "$current"; return ;;
    --fail-if) return ;;
    --watch-pid) return ;;
    --vs) return ;;
    --broker-cmd) return ;;
    --kills) return ;;
    --seed) return ;;
    -h|--host) return ;;
    -p|--port) return ;;
    -L|--url) return ;;
    --unix) _mqtt_files -f "$current"; return ;;
    -A|--bind-address) return ;;
    --proxy) return ;;
    -V|--protocol-version) _mqtt_words 'auto 5 311 31 mqttv5 mqttv311 mqttv31' "$current"; return ;;
    -k|--keepalive) return ;;
    --ws-path) return ;;
    --ws-header) return ;;
    -i|--id) return ;;
    -I|--id-prefix) return ;;
    -u|--username) return ;;
    -P|--pw) return ;;
    --pw-file) _mqtt_files -f "$current"; return ;;
    --pw-env) return ;;
    -x|--session-expiry-interval) return ;;
    -M|--max-inflight) return ;;
    --will-topic) return ;;
    --will-payload) return ;;
    --will-qos) _mqtt_words '0 1 2' "$current"; return ;;
    --cafile) _mqtt_files -f "$current"; return ;;
    --capath) _mqtt_files -d "$current"; return ;;
    --cert) _mqtt_files -f "$current"; return ;;
    --key) _mqtt_files -f "$current"; return ;;
    --key-pw-file) _mqtt_files -f "$current"; return ;;
    --key-pw-env) return ;;
    --keyform) _mqtt_words 'pem' "$current"; return ;;
    --tls-version) _mqtt_words 'tlsv1.2 tlsv1.3' "$current"; return ;;
    --ciphers) return ;;
    --tls-alpn) return ;;
    --tls-servername) return ;;
    --psk) return ;;
    --psk-identity) return ;;
    --tls-keylog) _mqtt_files -f "$current"; return ;;
  esac
  case $current in
    -*) _mqtt_words '--scenario --rounds --qos --pub-qos --sub-qos --topic --filter --size --payload --payload-file --retain --property --rate --count --duration --warmup --drain --max-outstanding --threads --connect-rate --connecting --hosts --source-addresses --start-number --json --csv --html --fail-if --watch-pid --vs --broker-cmd --kills --seed --host --port --url --unix --bind-address --proxy --protocol-version --keepalive --nodelay --ws --ws-path --ws-header --id --id-prefix --username --pw --pw-file --pw-env --disable-clean-session --session-expiry-interval --max-inflight --will-topic --will-payload --will-qos --will-retain --tls --no-tls --cafile --capath --tls-use-os-certs --cert --key --key-pw-file --key-pw-env --keyform --insecure --tls-version --ciphers --tls-alpn --tls-servername --psk --psk-identity --tls-keylog --quiet --help --version' "$current" ;;
    *) if [[ " ${COMP_WORDS[*]:2:COMP_CWORD - 2} " =~ \ (compare)\  ]]; then _mqtt_files -f "$current"; else _mqtt_words 'pubsub fanout fanin pairs shared pub sub conn retained offline rr compare crash probe' "$current"; fi ;;
  esac
}

_mqtt_acl-check() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  # bash makes three words of --qos=1.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $previous in
    --acl) _mqtt_files -f "$current"; return ;;
    --passwords) _mqtt_files -f "$current"; return ;;
    -u|--user|--username) return ;;
    -i|--client-id|--id) return ;;
    -r|--capture) _mqtt_files -f "$current"; return ;;
    --keylog) _mqtt_files -f "$current"; return ;;
  esac
  case $current in
    -*) _mqtt_words '--acl --passwords --acl-extensions --user --client-id --capture --keylog --explain --coverage --json --help --version' "$current" ;;
    *) if [[ " ${COMP_WORDS[*]:2:COMP_CWORD - 2} " =~ \ (publish|receive|subscribe|unsubscribe|ask|test|list|who|diff|lint|replay|suggest)\  ]]; then _mqtt_files -f "$current"; else _mqtt_words 'publish receive subscribe unsubscribe ask test list who diff lint replay suggest' "$current"; fi ;;
  esac
}

_mqtt_inspect-pcap() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  # bash makes three words of --qos=1.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $previous in
    -r|--read) _mqtt_files -f "$current"; return ;;
    --keylog) _mqtt_files -f "$current"; return ;;
    --follow) return ;;
    --html) _mqtt_files -f "$current"; return ;;
    --export-messages) _mqtt_files -f "$current"; return ;;
    -T|--form) _mqtt_words 'fields' "$current"; return ;;
    -e|--field) _mqtt_words 'frame.number frame.time frame.time_epoch frame.time_relative frame.time_delta frame.len frame.cap_len eth.src eth.dst ip.version ip.src ip.dst ip.addr ipv6.src ipv6.dst ipv6.addr tcp.stream tcp.srcport tcp.dstport tcp.port tcp.len tcp.seq tcp.nxtseq tcp.ack tcp.flags tcp.flags.fin tcp.flags.syn tcp.flags.reset tcp.flags.push tcp.flags.ack tcp.flags.urg mqtt mqtt.hdrflags mqtt.msgtype mqtt.hdr_reserved mqtt.retain_reserved mqtt.dupflag mqtt.qos mqtt.retain mqtt.len mqtt.conack.flags mqtt.conack.flags.reserved mqtt.conack.flags.sp mqtt.conack.val mqtt.msgid mqtt.sub.qos mqtt.suback.qos mqtt.topic_len mqtt.topic mqtt.willtopic_len mqtt.willtopic mqtt.willmsg mqtt.willmsg_text mqtt.willmsg_len mqtt.username_len mqtt.username mqtt.passwd_len mqtt.passwd mqtt.msg mqtt.msg_text mqtt.msg_decoded_as mqtt.proto_len mqtt.protoname mqtt.clientid_len mqtt.clientid mqtt.ver mqtt.conflags mqtt.conflag.uname mqtt.conflag.passwd mqtt.conflag.retain mqtt.conflag.qos mqtt.conflag.willflag mqtt.conflag.cleansess mqtt.conflag.reserved mqtt.kalive mqtt.subscription_options mqtt.subscription_options_qos mqtt.subscription_options_nl mqtt.subscription_options_rap mqtt.subscription_options_retain mqtt.subscription_options_reserved mqtt.connack.reason_code mqtt.puback.reason_code mqtt.pubrec.reason_code mqtt.pubrel.reason_code mqtt.pubcomp.reason_code mqtt.suback.reason_code mqtt.unsuback.reason_code mqtt.disconnect.reason_code mqtt.auth.reason_code mqtt.properties mqtt.will_properties mqtt.property_len mqtt.property_id mqtt.prop_number mqtt.property.content_type mqtt.property.max_qos mqtt.property.topic_alias mqtt.prop_unknown mqtt.prop_string_len mqtt.prop_string mqtt.prop_key_len mqtt.prop_key mqtt.prop_value_len mqtt.prop_value mqtt.illegal_topic_length mqtt.unknown_version mqtt.unknown_topic_alias' "$current"; return ;;
    -E|--field-option) return ;;
    -t|--topic) return ;;
    -i|--client) return ;;
    --type) _mqtt_words 'connect connack publish puback pubrec pubrel pubcomp subscribe suback unsubscribe unsuback pingreq pingresp disconnect auth' "$current"; return ;;
    --since) return ;;
    --until) return ;;
    --stream) return ;;
    -Y|--where) return ;;
  esac
  case $current in
    -*) _mqtt_words '--read --keylog --json --check --stats --follow --ladder --html --export-messages --no-payload --show-secrets --form --field --field-option --no-names --topic --client --type --since --until --stream --where --help --version' "$current" ;;
    *) _mqtt_files -f "$current" ;;
  esac
}

_mqtt() {
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _mqtt_words 'broker pub sub bench acl-check inspect-pcap generate help --help --version' "${COMP_WORDS[1]}"
    return
  fi
  if [[ ${COMP_WORDS[1]} == broker && ${COMP_WORDS[2]} == passwd ]] && ((COMP_CWORD > 2)); then
    _mqtt_broker-passwd
    return
  fi
  case ${COMP_WORDS[1]} in
    broker|pub|sub|bench|acl-check|inspect-pcap) "_mqtt_${COMP_WORDS[1]}" ;;
    generate) ((COMP_CWORD == 2)) && _mqtt_words '--install --uninstall' "${COMP_WORDS[2]}" ;;
    help) _mqtt_words 'broker pub sub bench acl-check inspect-pcap' "${COMP_WORDS[COMP_CWORD]}" ;;
  esac
}

complete -F _mqtt mqtt
