#if !HTTPTypes
  #error(
    "CardeaHTTPTypes needs the package trait HTTPTypes: .package(url: …, traits: [\"HTTPTypes\"])")
#endif
