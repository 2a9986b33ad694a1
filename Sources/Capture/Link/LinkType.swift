// What the first byte of a frame begins. The numbers are those of the LINKTYPE_ registry that pcap
// and pcapng share.

/// A kind of link.
package enum LinkType: Hashable, Sendable {
  case ethernet
  /// BSD loopback: an address family in front, in either byte order.
  case loopback
  /// An IPv4 or IPv6 packet and nothing in front of it.
  case rawIP
  case ppp
  case pppOverEthernet
  case linuxCooked
  case linuxCooked2
  case ieee80211
  case ieee80211Radiotap
  /// One that is not taken apart, by its number.
  case unknown(Int)

  init(number: Int) {
    switch number {
    case 1: self = .ethernet
    case 0, 108: self = .loopback
    case 12, 14, 101, 228, 229: self = .rawIP
    case 9, 50: self = .ppp
    case 51: self = .pppOverEthernet
    case 113: self = .linuxCooked
    case 276: self = .linuxCooked2
    case 105: self = .ieee80211
    case 127: self = .ieee80211Radiotap
    default: self = .unknown(number)
    }
  }
}
