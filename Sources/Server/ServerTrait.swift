#if !Server
  #error(
    "CardeaServer needs the package trait Server: .package(url: …, traits: [\"Server\"])")
#endif
