// The clients of a run, shared out among the workers: client n goes to worker n modulo their number,
// publishers first, then subscribers, then those who do nothing.

import Bench
import MQTTCodec

struct LoadClients {
  let settings: LoadSettings

  init(_ settings: LoadSettings) { self.settings = settings }

  func assign(to workers: [LoadWorker]) {
    let cast = settings.cast
    // Members of a shared subscription on several threads would have to be locked at each message.
    let group =
      cast.isShared || settings.isRetainedReplay
      ? SharedSequences(publishers: cast.publishers) : nil
    for index in 0..<cast.clientCount {
      let client = LoadClient(index: index)
      if index < cast.publishers {
        client.publisher = publisher(index, index: index)
        if cast.answers {
          client.subscriber = SubscriberPart(
            filter: answerTopic(index), heard: PublisherSet(first: index, count: 1), group: nil)
        }
      } else if index < cast.publishers + cast.subscribers {
        client.subscriber = subscriber(index - cast.publishers, index: index, group)
      }
      let worker = workers[index % workers.count]
      worker.clients.append(client)
      if client.publisher != nil { worker.publishers.append(worker.clients.count - 1) }
      let isLate = settings.isRetainedReplay && client.subscriber != nil
      if !isLate { worker.toConnect.append(worker.clients.count - 1) }
    }
    for worker in workers { worker.toConnect.reverse() }
  }

  private func publisher(_ number: Int, index: Int) -> PublisherPart {
    let quota = settings.count.map {
      UInt64(MessageShare.count($0, of: number, among: settings.cast.publishers))
    }
    let form = PublishPacket.Form(
      version: settings.version, qos: settings.publishQoS, isRetained: settings.isRetained,
      payloadSize: settings.payloadSize, properties: settings.publishProperties)
    let topic = settings.cast.answers ? PlaceholderText(questionTopic(number)) : settings.topic
    let packet = PublishPacket(
      topic: topic, payload: settings.payload, form: form, values: settings.values(index))
    return PublisherPart(
      number: number, quota: quota ?? .max, packet: packet, window: settings.window)
  }

  private func subscriber(_ number: Int, index: Int, _ group: SharedSequences?) -> SubscriberPart {
    let cast = settings.cast
    if cast.answers {
      let part = SubscriberPart(
        filter: questionTopic(number), heard: PublisherSet(first: 0, count: 0), group: nil)
      let form = PublishPacket.Form(
        version: settings.version, qos: settings.publishQoS, isRetained: false,
        payloadSize: settings.payloadSize)
      part.answer = PublishPacket(
        topic: PlaceholderText(answerTopic(number)), payload: settings.payload, form: form,
        values: settings.values(index))
      return part
    }
    let heard = cast.publishers(heardBy: number)
    return SubscriberPart(filter: filter(number, index, heard), heard: heard, group: group)
  }

  private func filter(_ number: Int, _ index: Int, _ heard: PublisherSet) -> String {
    let filter: String
    if let given = settings.filter {
      filter = given.text(settings.values(index))
    } else if heard.count == 1 {
      // The one publisher's own values: what it publishes to is what is subscribed to.
      filter = settings.topic.filter(settings.values(heard.first), varies: false)
    } else {
      filter = settings.topic.filter(settings.values(index), varies: true)
    }
    return settings.cast.isShared ? "$share/bench-\(settings.run)/\(filter)" : filter
  }

  private func questionTopic(_ pair: Int) -> String {
    "\(settings.topic.text(settings.values(pair)))/ask"
  }

  private func answerTopic(_ pair: Int) -> String {
    "\(settings.topic.text(settings.values(pair)))/answer"
  }
}
