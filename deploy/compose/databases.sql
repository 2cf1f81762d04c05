-- A database for each service that has a store; `migrate` makes what is in them.
CREATE DATABASE catalog;
CREATE DATABASE inventory;
CREATE DATABASE orders;
CREATE DATABASE payments;
CREATE DATABASE users;
CREATE DATABASE activity;
