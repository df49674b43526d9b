"""The library, in the network language: functions that are inlined where a network calls them."""
