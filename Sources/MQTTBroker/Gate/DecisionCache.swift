// What the rules said to a client and a topic, so that the next message of the two costs one look
// and no walk through rules, however many there are. A line belongs to one client at one reading of
// the lists; lines that nobody asks for any more are overwritten in their turn.

import Basis

/// A bounded memory of decisions.
struct DecisionCache: ~Copyable {
  /// What a line answers: a client, a reading of the lists, and an action.
  struct Question: Equatable {
    var client: UInt64
    var generation: UInt32
    var isPublish: Bool
  }

  struct Line: ~Copyable {
    var question: Question
    var isAllowed: Bool
    var hash: UInt32
    var topic: ByteBuffer
  }

  private var lines = SlotTable<Line>()
  private var table = IndexTable<Line>()
  /// The position of the next line to give way.
  private var hand = 0
  let limit: Int

  init(limit: Int) { self.limit = max(1, limit) }

  /// What was decided, nil when nothing is remembered.
  ///
  /// Allocates nothing.
  func find(_ question: Question, topic: Span<UInt8>, topicHash: UInt64) -> Bool? {
    guard let line = find(hash(question, topicHash), question, topic) else { return nil }
    return lines[line].isAllowed
  }

  private func find(
    _ hash: UInt32, _ question: Question, _ topic: Span<UInt8>
  ) -> Slot<Line>? {
    table.find(hash) { index in
      lines[index].question == question && areEqual(lines[index].topic.span, topic)
    }
  }

  /// Remembers what was decided.
  mutating func keep(
    _ question: Question, topic: Span<UInt8>, topicHash: UInt64, isAllowed: Bool
  ) {
    let hash = hash(question, topicHash)
    if lines.count >= limit { makeRoom() }
    var bytes = ByteBuffer(exactCapacity: topic.count)
    bytes.append(topic)
    let index = lines.insert(
      Line(question: question, isAllowed: isAllowed, hash: hash, topic: bytes)
    ).index
    table.insert(index, hash: hash)
  }

  private mutating func makeRoom() {
    while true {
      if hand >= lines.upperBound { hand = 0 }
      let index = Slot<Line>(UInt32(hand))
      hand += 1
      if !lines.isOccupied(index) { continue }
      table.remove(index, hash: lines[index].hash)
      lines.remove(index)
      return
    }
  }

  private func hash(_ question: Question, _ topicHash: UInt64) -> UInt32 {
    let who = question.client &* 2 &+ (question.isPublish ? 1 : 0)
    let product = (topicHash ^ who &* 0x9E37_79B9_7F4A_7C15)
      .multipliedFullWidth(by: 0x9FB2_1C65_1E98_DF25)
    return UInt32(truncatingIfNeeded: (product.high ^ product.low) >> 16)
  }
}
