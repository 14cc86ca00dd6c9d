"""Tests of the client of SalesLoft's API, over real HTTP with the simulated platform on loopback."""
