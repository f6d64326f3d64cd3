#if !Server
  #error("CardeaCLI needs the package trait Server, which is on by default")
#endif
