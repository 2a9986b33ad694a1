// What stands in the file, and how an older file becomes a newer one.
//
// The vocabulary of records (Record.swift), a table for each pair. Every table is keyed so that the
// busy ones only grow at one end: a queue is keyed by a position that rises over all sessions, not
// by session, which costs a commit of many sessions a few pages instead of one for each. Whatever
// a record does is done by its key alone, whatever the table holds, so that a batch may be applied
// twice. Sessions, messages and positions are unsigned numbers, stored with the same bits.
//
// The views are for people and their `sqlite3`.

import CSQLite
import SQLite

/// The tables and views, and the way from version to version.
enum Schema {
  /// "MQTT": what the program `file` and a look at byte 68 tell of the file.
  static let application: Int64 = 0x4D51_5454
  /// The version that this program writes.
  static var version: Int64 { Int64(steps.count) }
  /// The step at index N makes version N + 1 of version N; version 0 is an empty file.
  static let steps = [tables + views, sources, owners]

  static let pageBytes = 4096
  /// Options of a new file, before anything is in it.
  static let options = """
    PRAGMA page_size = \(pageBytes);
    PRAGMA auto_vacuum = INCREMENTAL;
    """

  /// Makes the file one of ours, or a newer one; nothing for one of the current version.
  static func upgrade(_ database: borrowing Database) throws(StoreError) {
    let found = try database.number("PRAGMA user_version", "read the version") ?? 0
    if found == version { return }
    if found < 0 || found > version {
      throw StoreError(
        .newerVersion, file: database.file, operation: "open",
        reason: "its version is \(found), and this program knows those up to \(version)")
    }
    try database.run("BEGIN IMMEDIATE", "upgrade")
    for step in steps[Int(found)...] { try database.run(step, "upgrade") }
    try database.run(
      """
      PRAGMA user_version = \(version);
      PRAGMA application_id = \(application);
      COMMIT;
      """, "upgrade")
  }

  private static let tables = """
    CREATE TABLE session(
      id INTEGER PRIMARY KEY, -- rises
      client TEXT NOT NULL,   -- Client Identifier
      user TEXT,              -- User Name
      expiry INTEGER NOT NULL,-- Session Expiry Interval; 4294967295 is never
      left INTEGER            -- when its connection ended, Unix time; NULL while it has one
    );
    CREATE TABLE will(
      session INTEGER PRIMARY KEY,
      topic TEXT NOT NULL,
      properties BLOB NOT NULL,  -- as encoded in a PUBLISH
      payload BLOB NOT NULL,
      qos INTEGER NOT NULL,
      retain INTEGER NOT NULL,
      delay INTEGER NOT NULL,    -- Will Delay Interval, seconds
      expiry INTEGER             -- Message Expiry Interval, seconds; NULL is never
    );
    CREATE TABLE subscription(
      session INTEGER NOT NULL,
      filter TEXT NOT NULL,
      options INTEGER NOT NULL,    -- the Subscription Options byte
      identifier INTEGER NOT NULL, -- Subscription Identifier; 0 is none
      PRIMARY KEY(session, filter)
    ) WITHOUT ROWID;
    CREATE TABLE message(
      id INTEGER PRIMARY KEY,      -- rises
      flags INTEGER NOT NULL,      -- QoS, and 4 for RETAIN
      expires INTEGER,             -- Unix time; NULL is never
      topic INTEGER NOT NULL,      -- bytes of the topic
      properties INTEGER NOT NULL, -- bytes of the properties
      checksum INTEGER NOT NULL,   -- of all this (Record+Row.swift)
      body BLOB NOT NULL           -- topic, properties as encoded in a PUBLISH, payload
    );
    CREATE TABLE queue(
      position INTEGER PRIMARY KEY, -- rises over all sessions
      session INTEGER NOT NULL,
      message INTEGER NOT NULL,
      bytes INTEGER NOT NULL,       -- of the message
      flags INTEGER NOT NULL,       -- QoS, and 4 for RETAIN
      identifiers TEXT,             -- Subscription Identifiers: '1,2'; NULL is none
      share TEXT                    -- the $share filter it came by
    );
    CREATE TABLE assigned(          -- QoS 2 messages that went out
      position INTEGER PRIMARY KEY, -- in the queue
      session INTEGER NOT NULL,
      identifier INTEGER NOT NULL,  -- Packet Identifier
      released INTEGER NOT NULL     -- 1 when PUBREC came
    );
    CREATE TABLE received(          -- QoS 2 messages that came and wait for PUBREL
      session INTEGER NOT NULL,
      identifier INTEGER NOT NULL,  -- Packet Identifier
      PRIMARY KEY(session, identifier)
    ) WITHOUT ROWID;
    CREATE TABLE retained(
      topic TEXT PRIMARY KEY,
      message INTEGER NOT NULL
    ) WITHOUT ROWID;

    """

  /// A payload as text, or in hexadecimal digits where it does not read as text.
  private static func text(_ payload: String) -> String {
    let text = "CAST(\(payload) AS TEXT)"
    let unprintable =
      "'*[' || char(1) || '-' || char(8) || char(11) || char(12) || char(14)"
      + " || '-' || char(31) || char(127) || '-' || char(159) || char(65533) || ']*'"
    return "CASE WHEN instr(\(payload), x'00') OR \(text) GLOB \(unprintable)"
      + " THEN 'x''' || hex(\(payload)) || '''' ELSE \(text) END"
  }

  private static let payload = "substr(m.body, m.topic + m.properties + 1)"

  private static let views = """
    CREATE VIEW sessions AS SELECT
      s.client, s.user,
      CASE WHEN s.left IS NULL THEN 'online when this was written'
        ELSE datetime(s.left, 'unixepoch') END AS left_at,
      CASE WHEN s.expiry = 4294967295 THEN 'never'
        WHEN s.left IS NULL THEN s.expiry || ' s after it leaves'
        ELSE datetime(s.left + s.expiry, 'unixepoch') END AS expires_at,
      (SELECT count(*) FROM subscription WHERE session = s.id) AS subscriptions,
      coalesce(q.messages, 0) AS queued_messages,
      coalesce(q.bytes, 0) AS queued_bytes,
      w.topic AS will_topic,
      \(text("w.payload")) AS will_payload
      FROM session AS s LEFT JOIN will AS w ON w.session = s.id
      LEFT JOIN (SELECT session, count(*) AS messages, sum(bytes) AS bytes FROM queue
        GROUP BY session) AS q ON q.session = s.id
      ORDER BY s.client;
    CREATE VIEW subscriptions AS SELECT
      s.client, u.filter, u.options & 3 AS qos,
      (u.options & 4) != 0 AS no_local,
      (u.options & 8) != 0 AS retain_as_published,
      u.options >> 4 & 3 AS retain_handling,
      nullif(u.identifier, 0) AS identifier
      FROM subscription AS u JOIN session AS s ON s.id = u.session
      ORDER BY s.client, u.filter;
    CREATE VIEW queued_messages AS SELECT
      s.client, q.position,
      CAST(substr(m.body, 1, m.topic) AS TEXT) AS topic,
      \(text(payload)) AS payload,
      q.flags & 3 AS qos,
      (q.flags & 4) != 0 AS retain,
      CASE WHEN a.released = 1 THEN 'PUBREC came' WHEN a.released = 0 THEN 'PUBLISH went out'
        ELSE 'waits' END AS stage,
      a.identifier AS packet_identifier,
      CASE WHEN m.expires IS NULL THEN 'never'
        ELSE datetime(m.expires, 'unixepoch') END AS expires_at
      FROM queue AS q LEFT JOIN session AS s ON s.id = q.session
      LEFT JOIN message AS m ON m.id = q.message
      LEFT JOIN assigned AS a ON a.position = q.position
      ORDER BY q.position;
    CREATE VIEW retained_messages AS SELECT
      r.topic,
      \(text(payload)) AS payload,
      m.flags & 3 AS qos,
      CASE WHEN m.expires IS NULL THEN 'never'
        ELSE datetime(m.expires, 'unixepoch') END AS expires_at
      FROM retained AS r LEFT JOIN message AS m ON m.id = r.message
      ORDER BY r.topic;

    """

  /// Version 2: who came through which listener, and who had what retained.
  private static let sources = """
    ALTER TABLE session ADD COLUMN listener TEXT;  -- where it came in last; NULL is not known
    ALTER TABLE retained ADD COLUMN client TEXT;   -- the client whose message it is; NULL is not known
    ALTER TABLE retained ADD COLUMN user TEXT;     -- and its User Name
    ALTER TABLE retained ADD COLUMN listener TEXT; -- and where it came in
    DROP VIEW retained_messages;
    CREATE VIEW retained_messages AS SELECT
      r.topic,
      \(text(payload)) AS payload,
      m.flags & 3 AS qos,
      CASE WHEN m.expires IS NULL THEN 'never'
        ELSE datetime(m.expires, 'unixepoch') END AS expires_at,
      r.client AS publisher, r.user AS publisher_user
      FROM retained AS r LEFT JOIN message AS m ON m.id = r.message
      ORDER BY r.topic;

    """

  /// Version 3: whose a session is.
  ///
  /// What an earlier version has written belongs to the user and listener that came last.
  private static let owners = """
    ALTER TABLE session ADD COLUMN unclaimed INTEGER; -- 1: not known whose it is; first come has it

    """
}
