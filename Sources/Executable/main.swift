import CardeaCLI

await CardeaMain.main()
