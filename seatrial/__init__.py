"""Seatrial: load a fleet of HTTP microservices, and judge with evidence whether it holds up."""
