"""Tests of the simulated SalesLoft's API and deliveries."""
