"""What tests of several folders share: real servers and processes, clients, stand-ins, samples."""
