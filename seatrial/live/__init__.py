"""What a running stack shows of itself: the fleet's figures as they come, and a page on 127.0.0.1 that draws them."""
