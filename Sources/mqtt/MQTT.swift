@main enum MQTT {
  static func main() {}
}
