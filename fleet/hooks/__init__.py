"""The shop's answers to the harness: commands named in seatrial.yml, one JSON document in, one out."""
