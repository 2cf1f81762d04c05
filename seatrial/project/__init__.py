"""What Seatrial is pointed at: seatrial.yml and the files it names, read into frozen models."""
