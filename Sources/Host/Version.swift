/// The version of vipd, which the Debian changelog repeats.
public let version = "0.1.0"
