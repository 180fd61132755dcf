"""The DIP itself: takes signed messages, judges them, routes them and delivers publications."""
