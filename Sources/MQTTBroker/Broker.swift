// The engine.

package import MQTTCodec

package typealias ConnectionID = SlotIdentifier
